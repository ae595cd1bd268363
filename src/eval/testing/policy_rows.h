// Rows for tests, as short as they can be said.
#pragma once

#include <string>
#include <vector>

#include "eval/policy.h"

namespace understudy {

// `count` rows PREFIX0, PREFIX1, ... graded as given; the same grade counts as the same answer.
inline std::vector<PolicyRow> graded_rows(const std::string& prefix, int count, bool specialist,
                                          bool incumbent, double confidence = 0.9) {
  std::vector<PolicyRow> rows(static_cast<size_t>(count));
  for (size_t i = 0; i < rows.size(); i++) {
    rows[i].id = prefix + std::to_string(i);
    rows[i].group = "group of " + rows[i].id;
    rows[i].confidence = confidence;
    rows[i].specialist_right = specialist;
    rows[i].incumbent_right = incumbent;
    rows[i].same_answer = specialist == incumbent;
  }
  return rows;
}

inline void append(std::vector<PolicyRow>& rows, const std::vector<PolicyRow>& more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

}  // namespace understudy
