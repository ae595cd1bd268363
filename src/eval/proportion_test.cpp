#include "eval/proportion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/distributions.h"

namespace understudy {
namespace {

// scipy.stats.binomtest(k, n).proportion_ci (bench/quality/statistics_check.py compares hundreds).
TEST(Proportion, IntervalsAreThoseOfScipy) {
  const Interval score = wilson(8, 10, 0.95), exact = clopper_pearson(8, 10, 0.95);
  EXPECT_NEAR(score.low, 0.49016248, 1e-8);
  EXPECT_NEAR(score.high, 0.94331785, 1e-8);
  EXPECT_NEAR(exact.low, 0.44390454, 1e-8);
  EXPECT_NEAR(exact.high, 0.97478927, 1e-8);
}

TEST(Proportion, EdgesStayInside) {
  for (const int64_t n : {1, 10, 1000000}) {
    EXPECT_EQ(wilson(0, n, 0.95).low, 0);
    EXPECT_EQ(wilson(n, n, 0.95).high, 1);
    EXPECT_EQ(clopper_pearson(0, n, 0.95).low, 0);
    EXPECT_EQ(clopper_pearson(n, n, 0.95).high, 1);
    // 0 of n: the exact upper bound solves (1 - p)^n = 0.025.
    EXPECT_NEAR(clopper_pearson(0, n, 0.95).high, -std::expm1(std::log(0.025) / static_cast<double>(n)),
                1e-10);
  }
  EXPECT_EQ(wilson(0, 0, 0.95).high, 1);
  EXPECT_EQ(share(0, 0).value, 0);
  EXPECT_EQ(share(0, 0).interval.high, 1);
}

TEST(Proportion, ExactCoverageIsNeverBelowTheLevel) {
  constexpr int kN = 30;
  for (double p = 0.01; p < 1; p += 0.03) {
    double coverage = 0;
    for (int k = 0; k <= kN; k++) {
      const Interval interval = clopper_pearson(k, kN, 0.9);
      if (interval.low <= p && p <= interval.high)
        coverage += binomial_cdf(k, kN, p) - binomial_cdf(k - 1, kN, p);
    }
    EXPECT_GE(coverage, 0.9 - 1e-12) << p;
  }
}

TEST(Holm, StepsDownAndKeepsTheOrderOfItsInput) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  const std::vector<double> adjusted = holm(p);
  EXPECT_DOUBLE_EQ(adjusted[3], 0.02);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.06);  // never below a smaller p's
  EXPECT_TRUE(holm({}).empty());
  EXPECT_DOUBLE_EQ(holm(std::vector<double>{0.9, 0.8})[0], 1);
}

}  // namespace
}  // namespace understudy
