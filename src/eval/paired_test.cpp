#include "eval/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "eval/distributions.h"

namespace understudy {
namespace {

// Published figures, to the digits that were printed.
TEST(Tango, AgreesWithPublishedIntervals) {
  // M. Fagerland, S. Lydersen, P. Laake, Statistics in Medicine 33 (2014): airway hyper-responsiveness (1, 1, 7, 12).
  const PairedCounts airway{21, 1, 7};
  EXPECT_NEAR(tango_lower(airway, 0.975), -0.517, 5e-4);
  EXPECT_NEAR(tango_upper(airway, 0.975), -0.026, 5e-4);
  // Complete response before and after consolidation (59, 6, 16, 80), from the tests of their R package contingencytables.
  const PairedCounts response{161, 6, 16};
  EXPECT_NEAR(tango_lower(response, 0.975), -0.1240, 5e-5);
  EXPECT_NEAR(tango_upper(response, 0.975), -0.0054, 5e-5);
  // PropCIs::scoreci.mp(25, 28, 618, 0.90), which takes the losses first.
  const PairedCounts matched{618, 28, 25};
  EXPECT_NEAR(tango_lower(matched, 0.95), -0.0148, 5e-5);
  EXPECT_NEAR(tango_upper(matched, 0.95), 0.0247, 5e-5);
}

TEST(Tango, HasClosedFormsAtItsEdges) {
  const double z2 = std::pow(normal_quantile(0.95), 2);
  for (const int64_t n : {1, 5, 30, 200, 1000000}) {
    const auto count = static_cast<double>(n);
    // No discordant row: -z^2 / (n + z^2). Every row a gain: (n - z^2) / (n + z^2).
    EXPECT_NEAR(tango_lower({n, 0, 0}, 0.95), -z2 / (count + z2), 1e-9) << n;
    EXPECT_NEAR(tango_upper({n, 0, 0}, 0.95), z2 / (count + z2), 1e-9) << n;
    EXPECT_NEAR(tango_lower({n, n, 0}, 0.95), (count - z2) / (count + z2), 1e-9) << n;
    EXPECT_NEAR(tango_upper({n, n, 0}, 0.95), 1, 1e-9) << n;
    EXPECT_NEAR(tango_lower({n, 0, n}, 0.95), -1, 1e-9) << n;
  }
  EXPECT_EQ(tango_lower({0, 0, 0}, 0.95), -1);
  EXPECT_EQ(tango_upper({0, 0, 0}, 0.95), 1);
}

TEST(Tango, ContainsTheEstimateAndNarrowsWithLevelAndRows) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; i++) {
    PairedCounts counts{static_cast<int64_t>(1 + random() % 2000), 0, 0};
    counts.gains = static_cast<int64_t>(random() % static_cast<uint64_t>(counts.n + 1));
    counts.losses = static_cast<int64_t>(random() % static_cast<uint64_t>(counts.n - counts.gains + 1));
    const double lower = tango_lower(counts, 0.95), upper = tango_upper(counts, 0.95);
    EXPECT_GE(lower, -1);
    EXPECT_LE(upper, 1);
    EXPECT_LE(lower, counts.difference());
    EXPECT_GE(upper, counts.difference());
    EXPECT_LE(lower, tango_lower(counts, 0.90));
    const PairedCounts more{counts.n * 10, counts.gains * 10, counts.losses * 10};
    EXPECT_LE(tango_upper(more, 0.95) - tango_lower(more, 0.95), upper - lower + 1e-9);
  }
}

// Size of "lower > -delta" at a true -delta, over all outcomes: the reason why 5 % may be trusted.
double exact_size(int n, double gain, double loss) {
  double size = 0;
  for (int gains = 0; gains <= n && gains <= 40; gains++) {
    for (int losses = 0; losses + gains <= n && losses <= 60; losses++) {
      const double rest = 1 - gain - loss;
      const double probability =
          std::exp(std::lgamma(n + 1) - std::lgamma(gains + 1) - std::lgamma(losses + 1) -
                   std::lgamma(n - gains - losses + 1) + (gains > 0 ? gains * std::log(gain) : 0) +
                   losses * std::log(loss) + (n - gains - losses) * std::log(rest));
      if (gain == 0 && gains > 0) continue;
      if (probability > 1e-12 && tango_lower({n, gains, losses}, 0.95) > gain - loss) size += probability;
    }
  }
  return size;
}

TEST(Tango, AcceptsAtMostSixPerCentAtTheMargin) {
  for (const int n : {200, 310, 500}) {
    for (const double gain : {0.0, 0.005, 0.02})
      EXPECT_LT(exact_size(n, gain, gain + 0.02), 0.06) << n << " rows, gain " << gain;
  }
}

TEST(McNemar, IsTheExactConditionalTest) {
  EXPECT_NEAR(mcnemar_exact({161, 6, 16}), 0.052479, 1e-6);  // contingencytables
  EXPECT_NEAR(mcnemar_exact({21, 1, 7}), 0.0703125, 1e-12);
  EXPECT_EQ(mcnemar_exact({100, 0, 0}), 1);
  EXPECT_EQ(mcnemar_exact({100, 5, 5}), 1);
  EXPECT_NEAR(mcnemar_exact({10, 10, 0}), std::pow(2.0, -9), 1e-15);
}

TEST(Bootstrap, IsRepeatableAndAboutAsWideAsTheNormalInterval) {
  std::mt19937_64 random(3);
  std::vector<double> differences, weights;
  for (int i = 0; i < 1000; i++) {
    const auto kind = random() % 100;
    differences.push_back(kind < 5 ? 1 : kind < 8 ? -1 : 0);
    weights.push_back(1);
  }
  const Interval interval = paired_bootstrap(differences, weights, 0.95, 2000, 1);
  EXPECT_EQ(interval.low, paired_bootstrap(differences, weights, 0.95, 2000, 1).low);
  EXPECT_NE(interval.low, paired_bootstrap(differences, weights, 0.95, 2000, 2).low);
  // Standard error of a mean of 1,000 values with variance 0.08 is 0.9 points.
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * std::sqrt(0.08 / 1000), 0.006);
}

TEST(Bootstrap, WeighsRows) {
  const std::vector<double> differences = {1, -1}, weights = {9, 1};
  // A quarter of the resamples is -1, half of them holds both rows, (9 - 1) / 10, a quarter is 1.
  const Interval middle = paired_bootstrap(differences, weights, 0.4, 1000, 1);
  EXPECT_NEAR(middle.low, 0.8, 1e-12);
  EXPECT_NEAR(middle.high, 0.8, 1e-12);
  EXPECT_EQ(paired_bootstrap(differences, weights, 0.9, 1000, 1).low, -1);
  EXPECT_EQ(paired_bootstrap({}, {}, 0.95, 100, 1).high, 0);
}

}  // namespace
}  // namespace understudy
