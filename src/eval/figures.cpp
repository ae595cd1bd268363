#include "eval/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/proportion.h"

namespace understudy {
namespace {

constexpr int kResamples = 1000;
constexpr uint64_t kBootstrapSeed = 1;
constexpr double kMaxBreakEvenCalls = 1e15;  // beyond this nothing is saved

// A sum that is unknown as soon as one part is.
class PartialSum {
 public:
  void add(double weight, const std::optional<double>& value) {
    if (value) {
      sum_ += weight * *value;
    } else {
      known_ = false;
    }
  }
  std::optional<double> over(double total) const {
    return known_ && total > 0 ? std::optional(sum_ / total) : std::nullopt;
  }

 private:
  double sum_ = 0;
  bool known_ = true;
};

Status check_traffic(const Traffic& traffic) {
  const auto refused = [](const char* what, const char* where) {
    return Error{ErrorCode::invalid_argument, what, where, ""};
  };
  if (!(traffic.audit_share >= 0 && traffic.audit_share <= 1))
    return refused("the audit share is not in [0, 1]", "audit_share");
  if (traffic.task_calls.value_or(0) < 0 || traffic.all_calls.value_or(0) < 0)
    return refused("a number of calls is negative", "calls");
  if (traffic.task_calls && traffic.all_calls && *traffic.task_calls > *traffic.all_calls) {
    return refused("the task has more calls than there are", "task_calls");
  }
  if (traffic.training_cost && !(std::isfinite(*traffic.training_cost) && *traffic.training_cost >= 0)) {
    return refused("the cost of training is negative or not finite", "training_cost");
  }
  return {};
}

std::optional<double> sum_of(std::initializer_list<std::optional<double>> parts) {
  double sum = 0;
  for (const auto& part : parts) {
    if (!part) return std::nullopt;
    sum += *part;
  }
  return sum;
}

std::optional<int64_t> break_even(const Costs& costs) {
  if (!costs.training || !costs.before || !costs.after || *costs.before <= *costs.after) return std::nullopt;
  const double calls = std::ceil(*costs.training / (*costs.before - *costs.after));
  return calls <= kMaxBreakEvenCalls ? std::optional(static_cast<int64_t>(calls)) : std::nullopt;
}

Costs compute_costs(std::span<const PolicyRow> rows, double tau, const Traffic& traffic) {
  PartialSum before, local, wasted, escalated, audit;
  double calls = 0;
  for (const PolicyRow& row : rows) {
    calls += row.calls;
    before.add(row.calls, row.incumbent_cost);
    if (answers_locally(row, tau)) {
      local.add(row.calls, row.specialist_cost);
      if (traffic.audit_share > 0) audit.add(row.calls * traffic.audit_share, row.incumbent_cost);
      continue;
    }
    if (row.matched) wasted.add(row.calls, row.specialist_cost);
    escalated.add(row.calls, row.incumbent_cost);
  }
  Costs costs;
  costs.before = before.over(calls);
  costs.local = local.over(calls);
  costs.wasted = wasted.over(calls);
  costs.escalated = escalated.over(calls);
  costs.audit = audit.over(calls);
  costs.after = sum_of({costs.local, costs.wasted, costs.escalated, costs.audit});
  costs.training = traffic.training_cost;
  costs.break_even_calls = break_even(costs);
  costs.currency = traffic.currency;
  return costs;
}

// Nearest-rank quantiles.
std::optional<Latency> latency_of(std::vector<double> milliseconds, bool complete) {
  if (!complete || milliseconds.empty()) return std::nullopt;
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto n = static_cast<double>(milliseconds.size());
  const auto rank = [&](double q) {
    return milliseconds[static_cast<size_t>(std::max(std::ceil(q * n) - 1, 0.0))];
  };
  return Latency{static_cast<int64_t>(milliseconds.size()), rank(0.5), rank(0.95)};
}

void add_latencies(std::span<const PolicyRow> rows, double tau, Figures& figures) {
  std::vector<double> before, after, local;
  for (const PolicyRow& row : rows) {
    const bool stays = answers_locally(row, tau);
    if (row.incumbent_ms) before.push_back(*row.incumbent_ms);
    if (stays && row.specialist_ms) {
      local.push_back(*row.specialist_ms);
      after.push_back(*row.specialist_ms);
    } else if (!stays && row.incumbent_ms && (!row.matched || row.specialist_ms)) {
      // A call that was tried and goes up has waited for both.
      after.push_back(*row.incumbent_ms + (row.matched ? *row.specialist_ms : 0));
    }
  }
  figures.latency_before = latency_of(before, before.size() == rows.size());
  figures.latency_after = latency_of(after, after.size() == rows.size());
  figures.latency_local = latency_of(local, static_cast<int64_t>(local.size()) == figures.local.hits);
}

}  // namespace

Result<Figures> compute_figures(std::span<const PolicyRow> rows, double tau, const Traffic& traffic) {
  RETURN_IF_ERROR(check_traffic(traffic));
  const auto n = static_cast<int64_t>(rows.size());
  int64_t local = 0, wasted = 0;
  double calls = 0, local_calls = 0;
  std::vector<double> moved, weights;
  for (const PolicyRow& row : rows) {
    const bool stays = answers_locally(row, tau);
    local += stays ? 1 : 0;
    wasted += row.matched && !stays ? 1 : 0;
    calls += row.calls;
    local_calls += stays ? row.calls : 0;
    moved.push_back(stays ? 1 : 0);
    weights.push_back(row.calls);
  }
  Figures figures;
  figures.local = share(local, n);
  figures.wasted = share(wasted, n);
  figures.local_weighted = calls > 0 ? local_calls / calls : 0;
  figures.local_weighted_interval = paired_bootstrap(moved, weights, 0.95, kResamples, kBootstrapSeed);
  if (traffic.task_calls && traffic.all_calls && *traffic.all_calls > 0) {
    figures.local_of_all_calls = figures.local_weighted * static_cast<double>(*traffic.task_calls) /
                                 static_cast<double>(*traffic.all_calls);
  }
  figures.costs = compute_costs(rows, tau, traffic);
  add_latencies(rows, tau, figures);
  return figures;
}

}  // namespace understudy
