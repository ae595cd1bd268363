#include "train/heads/temperature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace understudy {
namespace {

TEST(Temperature, MakesConfidenceTheShareThatIsRight) {
  // 80 % of the rows are right with a margin of 5 logits: calibrated, the margin must be log(0.8 / 0.2).
  std::vector<double> logits;
  std::vector<int> labels;
  for (int i = 0; i < 100; i++) {
    logits.insert(logits.end(), {5, 0});
    labels.push_back(i < 80 ? 0 : 1);
  }
  EXPECT_NEAR(fit_temperature(logits, 2, labels), 5 / std::log(4.0), 1e-9);
  EXPECT_LT(softmax_loss(logits, 2, labels, 3.6), softmax_loss(logits, 2, labels, 1));
}

TEST(Temperature, StaysInItsRange) {
  const std::vector<double> logits = {3, 0};
  EXPECT_NEAR(fit_temperature(logits, 2, std::vector{0}), kMinTemperature, 1e-9);
  EXPECT_NEAR(fit_temperature(logits, 2, std::vector{1}), kMaxTemperature, 1e-6);
  EXPECT_EQ(fit_temperature({}, 2, {}), 1);
  EXPECT_EQ(softmax_loss({}, 2, {}, 1), 0);
}

TEST(Temperature, LargeLogitsDoNotOverflow) {
  const std::vector<double> logits = {1e6, -1e6};
  EXPECT_NEAR(softmax_loss(logits, 2, std::vector{1}, 1), 2e6, 1);
}

}  // namespace
}  // namespace understudy
