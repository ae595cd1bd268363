#include "grade/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "grade/exact.h"
#include "grade/read.h"

namespace understudy {
namespace {

std::optional<double> read_number(std::string_view text) {
  text = trimmed(text);
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool is_tolerance(double value) { return std::isfinite(value) && value >= 0; }

}  // namespace

Result<Grade> grade_number(std::string_view answer, std::string_view truth, const GradeOptions& options) {
  if (!is_tolerance(options.absolute_tolerance) || !is_tolerance(options.relative_tolerance)) {
    return Error{ErrorCode::invalid_argument, "a tolerance must be finite and at least 0", "", ""};
  }
  const auto expected = read_number(truth);
  if (!expected)
    return Error{ErrorCode::invalid_argument, "the truth is not a number: " + shown_text(truth), "", ""};
  const auto found = read_number(answer);
  if (!found) return malformed_answer("the answer is not a number: " + shown_text(answer));
  const double tolerance =
      std::max(options.absolute_tolerance, options.relative_tolerance * std::abs(*expected));
  if (std::abs(*found - *expected) <= tolerance) return right_answer();
  return wrong_answer(fmt::format("expected {} within {}, found {}", *expected, tolerance, *found));
}

}  // namespace understudy
