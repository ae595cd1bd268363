// Strict JSON (RFC 8259) over Boost.JSON, for bytes that nobody trusts.
//
// Boost.JSON alone keeps the last of two equal keys, so that two readers of one message can disagree about
// it; here duplicate keys are refused. So are invalid UTF-8, comments, trailing bytes and numbers outside a
// double's range. Numbers with a fraction or an exponent are rounded correctly (Boost 1.81 alone gets 19 % of
// 17-digit decimals wrong in the last place). Integers stay exact as int64 or uint64; beyond those they
// become doubles.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace understudy {

struct JsonLimits {
  size_t max_depth = 64;  // arrays and objects inside each other
};

// The value of `text`, which holds exactly one. Errors are invalid_argument; `where` is "byte N" of the text,
// and a duplicate key is named. Bound the text first: memory grows to 40 times its size ("[0,0,...]"), time
// to O(n log n). Never throws; thread-safe.
Result<boost::json::value> parse_json(std::string_view text, JsonLimits limits = {});

}  // namespace understudy
