// Rows of the test that training has seen (P9).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/policy.h"

namespace understudy {

// What a specialist was made from. `groups` are the near-duplicate groups of every row that training, calibration or the
// choice of tau looked at.
struct TrainManifest {
  std::string hash;
  std::vector<std::string> groups;
};

// The ids of the rows whose group is in the manifest, in their order.
std::vector<std::string> leaked_rows(const TrainManifest& manifest, std::span<const PolicyRow> rows);

}  // namespace understudy
