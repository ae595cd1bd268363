// Equality of JSON values.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "grade/graders.h"

namespace understudy {

// The same JSON value: keys in any order, arrays in order, numbers by value (1 = 1.0 = 1e0; integers are compared exactly,
// never through a double). The reason names the first kMaxNamedDifferences missing, extra and different fields by JSON
// pointer. An answer that is not JSON is malformed; a code fence around it is not JSON.
Result<Grade> grade_json(std::string_view answer, std::string_view truth, const GradeOptions& options);

struct JsonDifference {
  std::string path;  // JSON pointer, "" is the whole value
  std::string what;
};

// The first `limit` differences in the order of the truth, then the answer's extra fields. Both values come from
// parse_json, which bounds their depth.
std::vector<JsonDifference> json_differences(const boost::json::value& answer,
                                             const boost::json::value& truth, size_t limit);

// `path` followed by `key`, escaped (RFC 6901).
std::string json_pointer(std::string_view path, std::string_view key);

// "/a is missing; /b: expected 1, found 2"
std::string differences_text(const std::vector<JsonDifference>& differences);

}  // namespace understudy
