#include "grade/graders.h"

#include <fmt/format.h>

#include "grade/exact.h"
#include "grade/fields.h"
#include "grade/json_equal.h"
#include "grade/number.h"
#include "grade/tool_call.h"

namespace understudy {
namespace {

constexpr Grader kGraders[] = {
    {"exact", "the same text but for white space around it", grade_exact},
    {"json", "the same JSON value: any order of keys, numbers by value", grade_json},
    {"fields", "JSON object, field by field: the score is the share of right fields", grade_fields},
    {"number", "a number within a tolerance", grade_number},
    {"tool_call", "the same tool calls: names, and arguments as JSON", grade_tool_call},
};

}  // namespace

std::span<const Grader> graders() { return kGraders; }

Result<const Grader*> find_grader(std::string_view name) {
  std::string names;
  for (const Grader& grader : kGraders) {
    if (grader.name == name) return &grader;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", grader.name);
  }
  return Error{ErrorCode::not_found, fmt::format("no grader is called '{}'", name.substr(0, 100)), "",
               "use one of " + names};
}

}  // namespace understudy
