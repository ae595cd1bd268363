#include "eval/figures.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/testing/policy_rows.h"

namespace understudy {
namespace {

// 6 answered locally, 3 asked in vain, 1 not matched.
std::vector<PolicyRow> ten_rows() {
  std::vector<PolicyRow> rows = graded_rows("local", 6, true, true, 0.9);
  append(rows, graded_rows("vain", 3, true, true, 0.2));
  append(rows, graded_rows("foreign", 1, true, true, 0.9));
  rows.back().matched = false;
  for (PolicyRow& row : rows) {
    row.specialist_ms = 20, row.incumbent_ms = 600;
    row.specialist_cost = 0.001, row.incumbent_cost = 0.01;
  }
  return rows;
}

TEST(Figures, CostsHoldEscalationsWasteAndAudit) {
  Traffic traffic;
  traffic.training_cost = 1.5;
  traffic.audit_share = 0.05;
  auto figures = compute_figures(ten_rows(), 0.5, traffic);
  ASSERT_TRUE(figures.ok());
  EXPECT_EQ(figures->local.hits, 6);
  EXPECT_EQ(figures->wasted.hits, 3);
  const Costs& costs = figures->costs;
  EXPECT_NEAR(*costs.before, 0.01, 1e-15);
  EXPECT_NEAR(*costs.local, 0.0006, 1e-15);
  EXPECT_NEAR(*costs.wasted, 0.0003, 1e-15);
  EXPECT_NEAR(*costs.escalated, 0.004, 1e-15);
  EXPECT_NEAR(*costs.audit, 0.0003, 1e-15);
  EXPECT_NEAR(*costs.after, 0.0052, 1e-15);
  EXPECT_EQ(*costs.break_even_calls, 313);  // 1.5 / 0.0048 = 312.5
}

TEST(Figures, UnknownIsNeverZero) {
  std::vector<PolicyRow> rows = ten_rows();
  rows[0].incumbent_cost = std::nullopt;
  rows[0].incumbent_ms = std::nullopt;
  auto figures = compute_figures(rows, 0.5, {});
  ASSERT_TRUE(figures.ok());
  EXPECT_FALSE(figures->costs.before.has_value());
  EXPECT_FALSE(figures->costs.audit.has_value());
  EXPECT_FALSE(figures->costs.after.has_value());
  EXPECT_TRUE(figures->costs.escalated.has_value());  // that row stays local
  EXPECT_FALSE(figures->costs.break_even_calls.has_value());
  EXPECT_FALSE(figures->latency_before.has_value());
  EXPECT_TRUE(figures->latency_after.has_value());
  EXPECT_FALSE(figures->local_of_all_calls.has_value());
}

TEST(Figures, NothingSavedHasNoBreakEven) {
  std::vector<PolicyRow> rows = ten_rows();
  for (PolicyRow& row : rows) row.specialist_cost = 1;
  Traffic traffic;
  traffic.training_cost = 1;
  EXPECT_FALSE(compute_figures(rows, 0.5, traffic)->costs.break_even_calls.has_value());
}

TEST(Figures, ATriedCallThatGoesUpHasWaitedForBoth) {
  auto figures = compute_figures(ten_rows(), 0.5, {});
  EXPECT_EQ(figures->latency_before->p50_ms, 600);
  EXPECT_EQ(figures->latency_after->p50_ms, 20);
  EXPECT_EQ(figures->latency_after->p95_ms, 620);
  EXPECT_EQ(figures->latency_local->p95_ms, 20);
  EXPECT_EQ(figures->latency_local->n, 6);
  EXPECT_FALSE(compute_figures(ten_rows(), 1, {})->latency_local.has_value());  // nothing is local
}

TEST(Figures, ShareMovedDownIsWeightedByCalls) {
  std::vector<PolicyRow> rows = ten_rows();
  rows.back().calls = 91;
  Traffic traffic;
  traffic.task_calls = 500;
  traffic.all_calls = 1000;
  auto figures = compute_figures(rows, 0.5, traffic);
  EXPECT_NEAR(figures->local.value, 0.6, 1e-15);
  EXPECT_NEAR(figures->local_weighted, 0.06, 1e-15);
  EXPECT_NEAR(*figures->local_of_all_calls, 0.03, 1e-15);
  EXPECT_LE(figures->local_weighted_interval.low, 0.06);
  EXPECT_GE(figures->local_weighted_interval.high, 0.06);
}

TEST(Figures, RefusesBrokenTraffic) {
  const auto refused = [](Traffic traffic) { return !compute_figures({}, 0.5, traffic).ok(); };
  EXPECT_TRUE(refused({.task_calls = -1}));
  EXPECT_TRUE(refused({.task_calls = 2, .all_calls = 1}));
  EXPECT_TRUE(refused({.audit_share = 1.5}));
  EXPECT_TRUE(refused({.audit_share = std::nan("")}));
  EXPECT_TRUE(refused({.training_cost = -1}));
  EXPECT_FALSE(refused({}));
}

}  // namespace
}  // namespace understudy
