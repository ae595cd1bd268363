// Choosing tau and the rung on dev (P7). Nothing here sees a sealed row.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/policy.h"

namespace understudy {

constexpr double kThresholdLevel = 0.90;  // one-sided, on dev
// A policy asks its specialist on every call and waits for it. Where that takes a twentieth of the incumbent's time (a
// head's 30 ms before 600 ms), one answer in twenty pays for the asking; below, a task is slower and no cheaper than before.
constexpr double kMinLocalShare = 0.05;

// The grid of tau, from high to low: dense near 1, where language models put most of their confidence, then steps of 0.01
// down to 0. Fixed, so that dev cannot choose it.
std::span<const double> threshold_grid();

struct ThresholdPoint {
  double tau = 1;
  int64_t local = 0;  // rows answered locally
  PairedCounts counts;
  double lower_bound = -1;  // Tango's, of policy - incumbent, one-sided 90 %
};

struct ThresholdChoice {
  std::optional<double> tau;         // empty: not even the highest tau holds
  std::vector<ThresholdPoint> path;  // the points looked at; the chosen one is the last that holds
  double local_share = 0;            // of dev rows at tau; 0 without one
  double discordant_share = 0;       // likewise: the d of P4
};

// Walks the grid down and stops before the first tau whose bound on dev is at or below -delta / 2: fixed-sequence testing,
// so that walking on needs no correction. `rows` have passed check_rows. O(rows log rows).
ThresholdChoice choose_threshold(std::span<const PolicyRow> rows, double delta);

// The rung with the largest local share at its own tau; the earlier, smaller one of equals. Empty if none has a tau at
// which it answers kMinLocalShare.
std::optional<size_t> choose_rung(std::span<const ThresholdChoice> rungs);

}  // namespace understudy
