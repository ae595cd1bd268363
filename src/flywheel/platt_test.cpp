#include "flywheel/platt.h"

#include <gtest/gtest.h>

#include <vector>

namespace understudy {
namespace {

// `count` answers of probability p, `right` of them right.
void add(std::vector<ScoredOutcome>& outcomes, double p, int count, int right) {
  for (int i = 0; i < count; ++i) outcomes.push_back({p, i < right});
}

TEST(Platt, FindsTheShareThatIsRight) {
  std::vector<ScoredOutcome> outcomes;
  add(outcomes, 0.99, 1000, 900);
  add(outcomes, 0.5, 1000, 300);
  const PlattScale scale = fit_platt(outcomes);
  EXPECT_NEAR(scale(0.99), 0.9, 0.005);
  EXPECT_NEAR(scale(0.5), 0.3, 0.005);
  EXPECT_LT(scale(0.2), scale(0.3));
}

TEST(Platt, NeverTurnsTheOrderAround) {
  std::vector<ScoredOutcome> outcomes;
  add(outcomes, 0.9, 100, 10);
  add(outcomes, 0.1, 100, 90);
  const PlattScale scale = fit_platt(outcomes);
  EXPECT_EQ(scale.slope, 0);
  EXPECT_NEAR(scale(0.9), 0.5, 0.01);
}

TEST(Platt, StaysInsideWhenAllIsRightOrCertain) {
  std::vector<ScoredOutcome> outcomes;
  add(outcomes, 1, 50, 50);
  const PlattScale scale = fit_platt(outcomes);
  EXPECT_GT(scale(1), 0.9);
  EXPECT_LT(scale(1), 1);
  EXPECT_EQ(fit_platt({})(0.5), 0.5);
}

}  // namespace
}  // namespace understudy
