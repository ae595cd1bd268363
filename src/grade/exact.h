// Exact text, for labels and short answers.
#pragma once

#include "grade/graders.h"

namespace understudy {

// White space of ASCII (space, \t, \n, \v, \f, \r) at both ends of answer and truth is dropped; everything else counts,
// case included, byte for byte. An empty answer is malformed.
Result<Grade> grade_exact(std::string_view answer, std::string_view truth, const GradeOptions& options);

// `text` without that white space.
std::string_view trimmed(std::string_view text);

}  // namespace understudy
