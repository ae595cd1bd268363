// What the frontier stand-in says: the right answers of the demo's two tasks, with systematic errors, and fixed text to
// everything else.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "app/demo/class_index.h"
#include "app/demo/traffic.h"

namespace understudy {

class FrontierAnswers {
 public:
  // `error_rate` of the tasks' questions are answered wrongly: always the same ones, always with the same answer, that
  // of the class whose questions are most alike.
  FrontierAnswers(const DemoQuestions& questions, double error_rate, uint64_t seed);

  // The answer's text to a chat completion's request. Never fails. Thread-safe.
  std::string answer(const boost::json::object& request) const;
  // To a question of a task by itself; "" if it is none.
  std::string bank_answer(std::string_view question) const;
  std::string home_answer(std::string_view command) const;

 private:
  ClassIndex bank_index_, home_index_;
  std::map<std::string, std::string, std::less<>> bank_, home_;  // what is said to a question
};

}  // namespace understudy
