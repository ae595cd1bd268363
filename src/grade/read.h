// What graders share: reading bounded JSON and showing values in reasons.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// Errors: invalid_argument when `truth` is longer than kMaxGradedBytes.
Status check_truth_size(std::string_view truth);

// The JSON value in `text`, white space around it allowed. Errors: invalid_argument (too long, or not JSON).
Result<boost::json::value> read_graded_json(std::string_view text);

// Quoted and escaped, at most about kMaxShownValueBytes long.
std::string shown_text(std::string_view text);
std::string shown_value(const boost::json::value& value);

}  // namespace understudy
