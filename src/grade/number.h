// A number within a tolerance.
#pragma once

#include "grade/graders.h"

namespace understudy {

// Answer and truth are decimal numbers of a double's range ("-12.5", "1e3"), white space around them allowed; no sign +,
// thousands separators, units, infinities or NaN. Right if |answer - truth| <= max(absolute_tolerance,
// relative_tolerance * |truth|). Errors: the truth is no such number; a tolerance is negative or not finite.
Result<Grade> grade_number(std::string_view answer, std::string_view truth, const GradeOptions& options);

}  // namespace understudy
