#include "grade/exact.h"

#include "grade/read.h"

namespace understudy {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
  const size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

Result<Grade> grade_exact(std::string_view answer, std::string_view truth, const GradeOptions&) {
  RETURN_IF_ERROR(check_truth_size(truth));
  const std::string_view found = trimmed(answer), expected = trimmed(truth);
  if (found == expected) return right_answer();
  if (found.empty()) return malformed_answer("the answer is empty");
  return wrong_answer("expected " + shown_text(expected) + ", found " + shown_text(found));
}

}  // namespace understudy
