// The table of graders. To add one: a file with its function, a row in graders.cpp.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "grade/grade.h"

namespace understudy {

// A number is right within max(absolute, relative * |truth|). Only the grader "number" has a tolerance.
struct GradeOptions {
  double absolute_tolerance = 0;
  double relative_tolerance = 0;
};

struct Grader {
  std::string_view name;  // as the command line and the ledger spell it
  std::string_view about;
  // A broken answer is a wrong one and says why; a truth that the grader cannot read is an Error. Both are bounded by
  // kMaxGradedBytes. Pure and thread-safe.
  Result<Grade> (*grade)(std::string_view answer, std::string_view truth, const GradeOptions& options);
};

std::span<const Grader> graders();

// Error: not_found, with the names there are.
Result<const Grader*> find_grader(std::string_view name);

}  // namespace understudy
