// Harm to a part of the traffic that the average hides (P8).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/policy.h"

namespace understudy {

constexpr double kSliceFloor = 0.7;    // share of right answers
constexpr double kSliceAlpha = 0.05;   // family-wise, over all slices of a proof
constexpr int64_t kMinSliceRows = 10;  // smaller slices are pooled
constexpr double kSlicePower = 0.8;    // of the smallest harm that is stated
inline constexpr const char* kPooledSlice = "(slices under 10 rows)";

struct SliceResult {
  std::string name;
  int64_t n = 0, local = 0;
  Share policy, incumbent;
  PairedCounts counts;
  // The share of right answers that the policy must not fall below: kSliceFloor, or the incumbent's own share where that is
  // lower. Without the second a policy equal to the incumbent would fail wherever the incumbent is bad.
  double floor = kSliceFloor;
  double p = 1;           // exact binomial: P(so few right | floor)
  double adjusted_p = 1;  // Holm
  bool harmed = false;    // adjusted_p <= kSliceAlpha
  // The smallest fall from the incumbent's share that would have been found with a probability of kSlicePower if every
  // slice were tested at kSliceAlpha / slices. Empty: not even an answer that is always wrong would have been.
  std::optional<double> smallest_visible_harm;
};

struct SliceReport {
  std::vector<SliceResult> tested;            // the harmed first, then by p and name
  std::vector<std::string> not_tested_alone;  // pooled into kPooledSlice, by name
};

// `rows` have passed check_rows. A row belongs to each of its slices; a name that a row lists twice counts once.
SliceReport test_slices(std::span<const PolicyRow> rows, double tau);

}  // namespace understudy
