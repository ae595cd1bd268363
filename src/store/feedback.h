// Feedback: what somebody says of a call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace understudy {

struct Feedback {
  std::string call_id;
  int64_t time_ms = 0;  // set by the store
  std::string from;     // who says so: a person's name, a program's
  std::optional<double> score;
  std::string label;    // the right class of answer, or a verdict: "card_arrival", "good"
  std::string comment;  // free text
  std::string
      correction;  // JSON: the right answer's text as a string, or its whole assistant message; "" for none
  std::string answer_id;  // set by the store: the call of origin person that holds the correction
};

}  // namespace understudy
