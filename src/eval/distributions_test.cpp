#include "eval/distributions.h"

#include <gtest/gtest.h>

#include <cmath>

namespace understudy {
namespace {

TEST(Distributions, NormalQuantile) {
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-14);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.025), -1.959963984540054, 1e-14);
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_TRUE(std::isfinite(normal_quantile(0)));
  EXPECT_TRUE(std::isfinite(normal_quantile(1)));
}

double summed_cdf(int x, int n, double p) {
  double sum = 0;
  for (int k = 0; k <= x; k++) {
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) +
                    (n - k) * std::log1p(-p));
  }
  return sum;
}

TEST(Distributions, BinomialCdfIsTheSumOfItsTerms) {
  for (const int n : {1, 2, 10, 77, 400}) {
    for (const double p : {0.001, 0.3, 0.7, 0.999}) {
      for (int x = 0; x < n; x += std::max(1, n / 7)) {
        EXPECT_NEAR(binomial_cdf(x, n, p), summed_cdf(x, n, p), 1e-10) << x << " of " << n << " at " << p;
      }
    }
  }
}

TEST(Distributions, BinomialCdfAtItsEdges) {
  EXPECT_EQ(binomial_cdf(-1, 10, 0.5), 0);
  EXPECT_EQ(binomial_cdf(10, 10, 0.5), 1);
  EXPECT_EQ(binomial_cdf(0, 0, 0.5), 1);
  EXPECT_EQ(binomial_cdf(3, 10, 0), 1);
  EXPECT_EQ(binomial_cdf(3, 10, 1), 0);
  EXPECT_NEAR(binomial_cdf(0, 10, 0.7), std::pow(0.3, 10), 1e-18);
}

TEST(Distributions, InverseUndoesTheCdf) {
  for (const int n : {1, 10, 1000}) {
    for (const int x : {0, n / 3, n - 1}) {
      for (const double probability : {0.001, 0.05, 0.8, 0.999}) {
        EXPECT_NEAR(binomial_cdf(x, n, binomial_cdf_inverse(x, n, probability)), probability, 1e-9);
      }
    }
  }
  EXPECT_EQ(binomial_cdf_inverse(5, 5, 0.5), 1);
}

}  // namespace
}  // namespace understudy
