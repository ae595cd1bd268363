// What promoting would change in traffic, money and time (P10). Unknown stays empty, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "eval/policy.h"

namespace understudy {

// What the ledger knows of the task beyond the test rows.
struct Traffic {
  std::optional<int64_t> task_calls = std::nullopt;  // calls of the task in the window that was mined
  std::optional<int64_t> all_calls = std::nullopt;   // calls of every task in it
  double audit_share = 0.05;  // of locally answered calls, also sent to the incumbent (P11)
  std::optional<double> training_cost = std::nullopt;
  std::string currency = "USD";
};

struct Latency {
  int64_t n = 0;
  double p50_ms = 0, p95_ms = 0;
};

// Costs are per call of the task, weighted by PolicyRow::calls.
struct Costs {
  std::optional<double> before;             // the incumbent answers everything
  std::optional<double> after;              // the sum of the next four
  std::optional<double> local;              // specialist, on calls that it answers
  std::optional<double> wasted;             // specialist, on calls that go up after all
  std::optional<double> escalated;          // incumbent, on those and on calls that did not match
  std::optional<double> audit;              // incumbent, on the audit share
  std::optional<double> training;           // once, not per call
  std::optional<int64_t> break_even_calls;  // training / (before - after); empty also when nothing is saved
  std::string currency;
};

struct Figures {
  Share local;                               // rows answered locally
  Share wasted;                              // rows on which the specialist is asked and the call goes up
  double local_weighted = 0;                 // share of the task's calls moved down, weighted by calls
  Interval local_weighted_interval;          // 95 %, bootstrap over rows
  std::optional<double> local_of_all_calls;  // local_weighted * task calls / all calls
  Costs costs;
  std::optional<Latency> latency_before, latency_after,
      latency_local;  // empty if a row's figure is unknown, or no row
};

// `rows` have passed check_rows. Errors: invalid_argument (audit_share outside [0, 1], call counts negative or task > all,
// a training cost that is negative or not finite).
Result<Figures> compute_figures(std::span<const PolicyRow> rows, double tau, const Traffic& traffic);

}  // namespace understudy
