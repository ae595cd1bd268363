#include "eval/policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "eval/margin.h"
#include "eval/testing/policy_rows.h"

namespace understudy {
namespace {

TEST(Policy, AnEscalatedRowCountsTheIncumbentsAnswer) {
  std::vector<PolicyRow> rows = graded_rows("sure", 10, false, true, 0.9);
  append(rows, graded_rows("unsure", 20, false, true, 0.4));
  append(rows, graded_rows("better", 3, true, false, 0.95));
  EXPECT_EQ(count_policy(rows, 0.5).losses, 10);
  EXPECT_EQ(count_policy(rows, 0.5).gains, 3);
  EXPECT_EQ(count_policy(rows, 0.93).losses, 0);
  EXPECT_EQ(count_policy(rows, 0).losses, 30);
  EXPECT_EQ(count_policy(rows, 0.9).losses, 10);  // tau itself is answered locally
  rows[0].matched = false;
  EXPECT_EQ(count_policy(rows, 0.5).losses, 9);
  EXPECT_TRUE(policy_right(rows[0], 0.5));
  EXPECT_FALSE(policy_right(rows[1], 0.5));
}

TEST(Policy, TheSameUngradedAnswerIsNeitherGainNorLoss) {
  std::vector<PolicyRow> rows = graded_rows("row", 1, true, true);
  rows[0].specialist_right = rows[0].incumbent_right = std::nullopt;
  ASSERT_TRUE(check_rows(rows, "sealed").ok());
  EXPECT_EQ(count_policy(rows, 0).discordant_share(), 0);
}

TEST(Policy, BrokenRowsAreNamed) {
  const std::vector<std::pair<std::function<void(PolicyRow&)>, std::string>> cases = {
      {[](PolicyRow& row) { row.id = ""; }, "no id"},
      {[](PolicyRow& row) { row.id = "a0"; }, "id occurs twice"},
      {[](PolicyRow& row) { row.group = ""; }, "no group"},
      {[](PolicyRow& row) { row.group = "group of a0"; }, "group has two rows"},
      {[](PolicyRow& row) { row.confidence = std::nan(""); }, "confidence"},
      {[](PolicyRow& row) { row.confidence = 1.5; }, "confidence"},
      {[](PolicyRow& row) { row.calls = 0; }, "number of calls"},
      {[](PolicyRow& row) { row.distance = -1; }, "distance"},
      {[](PolicyRow& row) { row.incumbent_ms = HUGE_VAL; }, "latency"},
      {[](PolicyRow& row) { row.specialist_cost = -1; }, "cost"},
      {[](PolicyRow& row) { row.same_answer = false, row.incumbent_right = std::nullopt; },
       "not both graded"},
      {[](PolicyRow& row) { row.incumbent_right = false; }, "two grades"},
  };
  for (const auto& [spoil, what] : cases) {
    std::vector<PolicyRow> rows = graded_rows("a", 2, true, true);
    ASSERT_TRUE(check_rows(rows, "dev").ok());
    spoil(rows[1]);
    const Status status = check_rows(rows, "dev");
    ASSERT_FALSE(status.ok()) << what;
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(status.error().what.find(what), std::string::npos) << status.error().what;
    EXPECT_NE(status.error().where.find(rows[1].id), std::string::npos);
  }
}

TEST(Margin, NeedsAReasonAboveThreePoints) {
  EXPECT_TRUE(check_margin({}).ok());
  EXPECT_TRUE(check_margin({0.03, ""}).ok());
  EXPECT_FALSE(check_margin({0.031, " \n"}).ok());
  EXPECT_TRUE(check_margin({0.05, "drafts that a person reads anyway"}).ok());
  for (const double delta : {0.0, -0.02, 2.0, std::nan("")})
    EXPECT_FALSE(check_margin({delta, "reason"}).ok()) << delta;
}

TEST(Margin, RowsNeeded) {
  EXPECT_EQ(sealed_rows_needed(0, 0.02), 200);
  EXPECT_EQ(sealed_rows_needed(0.05, 0.02), 775);
  EXPECT_EQ(sealed_rows_needed(0.04, 0.02), 620);
  EXPECT_EQ(sealed_rows_needed(0.04, 0.03), 276);
  EXPECT_EQ(sealed_rows_needed(0.01, 0.02), 200);
}

}  // namespace
}  // namespace understudy
