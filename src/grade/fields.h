// JSON objects, field by field: for extraction, where a partly right answer is worth something to training.
#pragma once

#include "grade/graders.h"

namespace understudy {

// Answer and truth are JSON objects. Every top-level field of the truth is right or wrong (json_equal.h), every field that
// only the answer has is wrong; score = right fields / all of these. An empty truth is matched by {} alone.
Result<Grade> grade_fields(std::string_view answer, std::string_view truth, const GradeOptions& options);

}  // namespace understudy
