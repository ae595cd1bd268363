#include "grade/fields.h"

#include <fmt/format.h>

#include "grade/json_equal.h"
#include "grade/limits.h"
#include "grade/read.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::vector<FieldGrade> compare_fields(const json::object& answer, const json::object& truth) {
  std::vector<FieldGrade> fields;
  for (const auto& [key, expected] : truth) {
    FieldGrade field{json_pointer("", key), true, ""};
    if (const json::value* found = answer.if_contains(key)) {
      field.reason = differences_text(json_differences(*found, expected, 1));
      field.right = field.reason.empty();
    } else {
      field.right = false;
      field.reason = "is missing";
    }
    fields.push_back(std::move(field));
  }
  for (const auto& [key, found] : answer) {
    if (!truth.contains(key)) fields.push_back({json_pointer("", key), false, "is extra"});
  }
  return fields;
}

// "2 of 3 fields are wrong: /a, /b"
std::string wrong_fields(const std::vector<FieldGrade>& fields, size_t wrong) {
  std::string names;
  size_t named = 0;
  for (const FieldGrade& field : fields) {
    if (field.right || named == kMaxNamedDifferences) continue;
    names += fmt::format("{}{}", named == 0 ? "" : ", ", field.path);
    named++;
  }
  return fmt::format("{} of {} fields are wrong: {}{}", wrong, fields.size(), names,
                     named < wrong ? ", ..." : "");
}

}  // namespace

Result<Grade> grade_fields(std::string_view answer, std::string_view truth, const GradeOptions&) {
  auto expected = read_graded_json(truth);
  if (!expected.ok())
    return Error{ErrorCode::invalid_argument, "the truth: " + expected.error().message(), "", ""};
  if (!expected->is_object())
    return Error{ErrorCode::invalid_argument, "the truth is not a JSON object", "", ""};
  auto found = read_graded_json(answer);
  if (!found.ok()) return malformed_answer(found.error().message());
  if (!found->is_object()) return malformed_answer("the answer is not a JSON object");

  Grade grade = right_answer();
  grade.fields = compare_fields(found->get_object(), expected->get_object());
  size_t wrong = 0;
  for (const FieldGrade& field : grade.fields) wrong += field.right ? 0 : 1;
  if (wrong == 0) return grade;
  grade.right = false;
  grade.score = static_cast<double>(grade.fields.size() - wrong) / static_cast<double>(grade.fields.size());
  grade.reason = wrong_fields(grade.fields, wrong);
  return grade;
}

}  // namespace understudy
