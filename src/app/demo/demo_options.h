// What the user of `understudy demo` can choose.
#pragma once

#include <cstdint>
#include <string>

namespace understudy {

struct DemoOptions {
  std::string upstream;  // URL of a real model's API; "" is the frontier stand-in
  std::string model;     // as that API names it
  double teacher_error = 0.04;
  double delta = 0.03;  // share of right answers that may be lost
  uint64_t seed = 1;
  double max_minutes = 20;
  std::string folder;  // "" is demo/ in the home folder
  bool fresh = false, json = false, yes = false;
};

}  // namespace understudy
