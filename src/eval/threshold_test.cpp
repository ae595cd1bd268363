#include "eval/threshold.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "eval/testing/policy_rows.h"

namespace understudy {
namespace {

TEST(Threshold, GridFallsFromNearOneToZero) {
  const auto grid = threshold_grid();
  EXPECT_TRUE(std::is_sorted(grid.rbegin(), grid.rend()));
  EXPECT_LT(grid.front(), 1);
  EXPECT_GT(grid.front(), 0.999);
  EXPECT_EQ(grid.back(), 0);
}

TEST(Threshold, StopsBeforeHarm) {
  // Harmless above 0.6, harmful between 0.5 and 0.6.
  std::vector<PolicyRow> rows = graded_rows("good", 600, true, true, 0.8);
  append(rows, graded_rows("bad", 40, false, true, 0.55));
  const ThresholdChoice choice = choose_threshold(rows, 0.02);
  ASSERT_TRUE(choice.tau.has_value());
  EXPECT_NEAR(*choice.tau, 0.56, 1e-12);
  EXPECT_NEAR(choice.local_share, 600.0 / 640, 1e-12);
  EXPECT_EQ(choice.discordant_share, 0);
  EXPECT_EQ(choice.path.back().counts.losses, 40);  // the point that did not hold is kept
  EXPECT_LE(choice.path.back().lower_bound, -0.01);
}

TEST(Threshold, NeverSkipsOverABadTau) {
  // Harm at 0.9 that gains below would outweigh: a fixed sequence stops at the first failure.
  std::vector<PolicyRow> rows = graded_rows("bad", 40, false, true, 0.9);
  append(rows, graded_rows("gain", 100, true, false, 0.5));
  append(rows, graded_rows("same", 400, true, true, 0.95));
  const ThresholdChoice choice = choose_threshold(rows, 0.02);
  ASSERT_TRUE(choice.tau.has_value());
  EXPECT_GT(*choice.tau, 0.9);
}

TEST(Threshold, AWholeGoodTaskIsAnsweredLocally) {
  const ThresholdChoice choice = choose_threshold(graded_rows("good", 200, true, true, 0.01), 0.02);
  ASSERT_TRUE(choice.tau.has_value());
  EXPECT_EQ(*choice.tau, 0);
  EXPECT_EQ(choice.local_share, 1);
}

TEST(Threshold, UnmatchedRowsNeverCountAsLocal) {
  std::vector<PolicyRow> rows = graded_rows("good", 200, true, true);
  append(rows, graded_rows("foreign", 100, false, true, 1.0));
  for (size_t i = 200; i < rows.size(); i++) rows[i].matched = false;
  const ThresholdChoice choice = choose_threshold(rows, 0.02);
  ASSERT_TRUE(choice.tau.has_value());
  EXPECT_EQ(*choice.tau, 0);
  EXPECT_NEAR(choice.local_share, 2.0 / 3, 1e-12);
}

TEST(Threshold, HarmAtEveryTauThatAnswersLeavesOneThatAnswersNothing) {
  const ThresholdChoice choice = choose_threshold(graded_rows("bad", 300, false, true, 0.4), 0.02);
  ASSERT_TRUE(choice.tau.has_value());
  EXPECT_GT(*choice.tau, 0.4);
  EXPECT_EQ(choice.local_share, 0);
  EXPECT_FALSE(choose_rung({&choice, 1}).has_value());
}

TEST(Threshold, TooFewDevRowsGiveNone) {
  // 100 rows cannot show a loss below 1 point even without a single difference.
  EXPECT_FALSE(choose_threshold(graded_rows("good", 100, true, true), 0.02).tau.has_value());
  EXPECT_FALSE(choose_threshold({}, 0.02).tau.has_value());
}

TEST(Rung, LargestShareThenSmallestRung) {
  ThresholdChoice none, half, also_half, most;
  half.tau = also_half.tau = most.tau = 0.5;
  half.local_share = also_half.local_share = 0.5;
  most.local_share = 0.6;
  EXPECT_EQ(choose_rung(std::vector{none, half, also_half}), 1u);
  EXPECT_EQ(choose_rung(std::vector{half, none, most}), 2u);
  EXPECT_FALSE(choose_rung(std::vector{none, none}).has_value());
  EXPECT_FALSE(choose_rung({}).has_value());
}

TEST(Rung, OneThatAnswersHardlyAnythingIsNone) {
  ThresholdChoice nothing, little, enough;
  nothing.tau = little.tau = enough.tau = 0.5;
  little.local_share = kMinLocalShare - 0.001;
  enough.local_share = kMinLocalShare;
  EXPECT_FALSE(choose_rung(std::vector{nothing, little}).has_value());
  EXPECT_EQ(choose_rung(std::vector{nothing, little, enough}), 2u);
}

}  // namespace
}  // namespace understudy
