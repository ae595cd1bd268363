// Calls for people: rows of a table, all that is known of one, and in words who answered it and why.
#pragma once

#include <string>
#include <vector>

#include "store/call.h"
#include "store/feedback.h"

namespace understudy {

// `text` with '?' for what would move a terminal's cursor or turn its text around: control characters but line ends
// and tabs, and the marks of writing direction.
std::string printable(std::string_view text);

// The table of `calls ls`: a line of names, a line for each call.
std::string calls_table(const std::vector<Call>& calls, int64_t now_ms);

// "name  value" lines of what is known, then request and response.
std::string call_details(const Call& call, const std::vector<Feedback>& feedback);

// Sentences: who asked for what, who answered and why, what it took, what people said, whether it may train.
std::string call_explained(const Call& call, const std::vector<Feedback>& feedback);

}  // namespace understudy
