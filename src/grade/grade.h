// What a grader says of one answer. Graders are pure functions answer x truth -> Grade: evaluation counts `right`,
// training rewards use `score`, reports print `reason`.
#pragma once

#include <string>
#include <vector>

namespace understudy {

struct FieldGrade {
  std::string path;  // JSON pointer (RFC 6901)
  bool right = false;
  std::string reason;  // empty when right
};

struct Grade {
  bool right = false;
  double score = 0;         // in [0, 1]; 1 exactly when right
  bool well_formed = true;  // the answer has the form that the grader reads (a number, JSON, a tool call)
  std::string reason;       // why it is not right; empty when it is
  std::vector<FieldGrade> fields;  // of graders that look at fields, in the order of the truth
};

inline Grade right_answer() { return {true, 1, true, "", {}}; }
inline Grade wrong_answer(std::string reason) { return {false, 0, true, std::move(reason), {}}; }
inline Grade malformed_answer(std::string reason) { return {false, 0, false, std::move(reason), {}}; }

}  // namespace understudy
