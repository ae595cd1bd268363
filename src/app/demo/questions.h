// The two tasks of the demo as questions with their right answers, from the public data of demo_data.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

struct DemoQuestion {
  std::string text;
  std::string answer;  // as a model that is right gives it
  std::string kind;    // class of the question: its intent
  std::string group;   // questions of one group are alike by their making; "" if each stands alone
};

// BANKING77: the answer is the intent. In the data's order, equal texts once. Error{corrupt} names the line.
Result<std::vector<DemoQuestion>> bank_questions(std::string_view json_lines);

// Commands for a home made from Home Assistant's sentence templates; the answer is {"intent": ..., "slots": {...}}.
// `count` different ones at most, as many of each template as possible; the group is the template. Equal seeds give
// equal commands on every machine. Error{corrupt} names the template or member.
Result<std::vector<DemoQuestion>> home_commands(std::string_view intents_json, size_t count, uint64_t seed);

// The questions of another data set: the member `question` of each line. Error{corrupt} names the line.
Result<std::vector<std::string>> other_questions(std::string_view json_lines);

}  // namespace understudy
