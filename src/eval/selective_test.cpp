#include "eval/selective.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(RiskCoverage, FollowsTheMostConfidentRows) {
  const std::vector<ScoredAnswer> answers = {{0.7, true}, {0.9, true}, {0.8, false}};
  const auto curve = risk_coverage(answers);
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[0].threshold, 0.9);
  EXPECT_EQ(curve[0].risk, 0);
  EXPECT_DOUBLE_EQ(curve[1].risk, 0.5);
  EXPECT_DOUBLE_EQ(curve[2].risk, 1.0 / 3);
  EXPECT_EQ(curve[2].coverage, 1);
  EXPECT_DOUBLE_EQ(area_under_risk_coverage(answers), (0 + 0.5 + 1.0 / 3) / 3);
}

TEST(RiskCoverage, EqualConfidencesCountAsInRandomOrder) {
  const std::vector<ScoredAnswer> answers = {{0.5, true}, {0.5, false}};
  ASSERT_EQ(risk_coverage(answers).size(), 1u);
  // Right first: risks 0, 1/2. Wrong first: 1, 1/2. Mean of the areas: 1/2.
  EXPECT_DOUBLE_EQ(area_under_risk_coverage(answers), 0.5);
  EXPECT_TRUE(risk_coverage({}).empty());
  EXPECT_EQ(area_under_risk_coverage({}), 0);
}

TEST(Calibration, WeighsTheGapsByRows) {
  const std::vector<ScoredAnswer> answers = {{0.95, true}, {0.95, false}, {0.15, false}, {1.0, true}};
  const auto bins = calibration_bins(answers, 10);
  ASSERT_EQ(bins.size(), 10u);
  EXPECT_EQ(bins[9].n, 3);
  EXPECT_EQ(bins[1].n, 1);
  EXPECT_NEAR(bins[9].accuracy, 2.0 / 3, 1e-12);
  EXPECT_NEAR(expected_calibration_error(bins), (3 * ((0.95 + 0.95 + 1) / 3 - 2.0 / 3) + 0.15) / 4, 1e-12);
  EXPECT_EQ(expected_calibration_error(calibration_bins({})), 0);
}

}  // namespace
}  // namespace understudy
