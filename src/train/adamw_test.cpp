#include "train/adamw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/schedule.h"

namespace understudy {
namespace {

TEST(AdamW, DoesWhatTorchDoes) {
  // torch.optim.AdamW([x], lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05), three steps.
  const float gradients[3][4] = {{1, -2, 0.001f, 0}, {0.5f, 2, 0.003f, 0}, {-4, 0.25f, -0.001f, 0}};
  const float expected[3][4] = {{0.8950000f, -0.8950000f, 0.3975010f, 0},
                                {0.7973071f, -0.8957882f, 0.3037358f, 0},
                                {0.8354667f, -0.9009905f, 0.2538482f, 0}};
  std::vector<float> x = {1, -1, 0.5f, 0};
  AdamWState state{0, std::vector<float>(4), std::vector<float>(4)};
  for (int step = 0; step < 3; step++) {
    adamw_step({.weight_decay = 0.05f}, 0.1f, gradients[step], 1, state, x);
    for (size_t i = 0; i < 4; i++) EXPECT_NEAR(x[i], expected[step][i], 2e-6) << step << " " << i;
  }
  EXPECT_EQ(x[3], 0);
}

TEST(AdamW, ScalesTheGradient) {
  const float gradient[] = {3, 4}, half[] = {1.5f, 2};
  EXPECT_DOUBLE_EQ(norm_of(gradient), 5);
  EXPECT_FLOAT_EQ(clip_scale(5, 2.5f), 0.5f);
  EXPECT_EQ(clip_scale(5, 6), 1);
  AdamWState one{0, std::vector<float>(2), std::vector<float>(2)}, other = one;
  std::vector<float> a(2), b(2);
  for (int i = 0; i < 3; i++) {
    adamw_step({}, 0.1f, gradient, 0.5f, one, a);
    adamw_step({}, 0.1f, half, 1, other, b);
  }
  EXPECT_EQ(a, b);
}

TEST(Schedule, RisesAndFalls) {
  const Schedule schedule{1, 0.1f, 100};
  EXPECT_FLOAT_EQ(schedule.rate(0), 1.0f / 11);
  EXPECT_FLOAT_EQ(schedule.rate(9), 10.0f / 11);
  EXPECT_FLOAT_EQ(schedule.rate(10), 1);
  EXPECT_FLOAT_EQ(schedule.rate(55), 0.5f);
  EXPECT_GT(schedule.rate(99), 0);
  EXPECT_LT(schedule.rate(99), 0.001f);
  EXPECT_EQ((Schedule{1, 0, 1}.rate(0)), 1);
}

}  // namespace
}  // namespace understudy
