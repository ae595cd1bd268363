#include "train/heads/softmax_regression.h"

#include <gtest/gtest.h>

#include <random>

#include "train/heads/testing/clusters.h"

namespace understudy {
namespace {

TEST(SoftmaxRegression, GradientIsThatOfFiniteDifferences) {
  // Sizes that are no multiples of a tile, a chunk or a block.
  const Clusters data = make_clusters(7, 39, 37, 1.0, 1, 2);
  ThreadPool pool(2);
  SoftmaxObjective objective(data.rows(), 7, 0.01, pool);
  SoftmaxWeights weights(37, 7);
  std::mt19937_64 random(3);
  for (size_t j = 0; j <= 37; j++) {
    for (size_t c = 0; c < 7; c++) weights.at(j, c) = static_cast<double>(random() % 2001) / 1000 - 1;
  }
  std::vector<double> gradient(weights.values.size()), ignored(weights.values.size());
  objective(weights.values, gradient);
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < weights.values.size(); i += 5) {
    std::vector<double> moved = weights.values;
    moved[i] += kStep;
    const double above = objective(moved, ignored);
    moved[i] -= 2 * kStep;
    const double below = objective(moved, ignored);
    const bool padding = i % weights.stride() >= 7;
    if (padding) {
      EXPECT_EQ(gradient[i], 0) << i;
    } else {
      EXPECT_NEAR(gradient[i], (above - below) / (2 * kStep), 1e-8) << i;
    }
  }
}

TEST(SoftmaxRegression, ThreadsChangeNoBit) {
  const Clusters data = make_clusters(5, 41, 30, 1.5, 1, 2);
  ThreadPool one(1), three(3);
  SoftmaxWeights a(30, 5), b(30, 5);
  fit_softmax(data.rows(), 1e-3, {}, one, a);
  fit_softmax(data.rows(), 1e-3, {}, three, b);
  EXPECT_EQ(a.values, b.values);
}

// Two rows at +1 and -1: by symmetry the weights are +-w and solve 2 l2 w = 1 - sigma(2 w).
TEST(SoftmaxRegression, FindsTheKnownMinimum) {
  const std::vector<float> values = {1, -1};
  const std::vector<int> labels = {0, 1};
  ThreadPool pool(1);
  SoftmaxWeights weights(1, 2);
  constexpr double kL2 = 0.1;
  const LbfgsResult fit = fit_softmax({values, 1, labels}, kL2, {.gradient_tolerance = 1e-12}, pool, weights);
  EXPECT_TRUE(fit.converged);
  const double w = weights.at(0, 0);
  EXPECT_NEAR(weights.at(0, 1), -w, 1e-10);
  EXPECT_NEAR(kL2 * w, 1 / (1 + std::exp(2 * w)), 1e-10);
  EXPECT_NEAR(weights.at(1, 0), weights.at(1, 1), 1e-10);
}

TEST(SoftmaxRegression, LogitsAreThoseOfTheObjective) {
  const Clusters data = make_clusters(3, 5, 6, 0.5, 1, 2);
  ThreadPool pool(1);
  SoftmaxWeights weights(6, 3);
  fit_softmax(data.rows(), 1e-3, {}, pool, weights);
  const std::vector<double> logits = softmax_logits(data.rows(), weights);
  double loss = 0;
  for (size_t i = 0; i < 15; i++) {
    double sum = 0;
    for (size_t c = 0; c < 3; c++) sum += std::exp(logits[i * 3 + c]);
    loss += std::log(sum) - logits[i * 3 + static_cast<size_t>(data.labels[i])];
  }
  std::vector<double> ignored(weights.values.size());
  SoftmaxObjective objective(data.rows(), 3, 0, pool);
  EXPECT_NEAR(objective(weights.values, ignored), loss / 15, 1e-12);
}

}  // namespace
}  // namespace understudy
