#include "train/heads/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace understudy {
namespace {

TEST(Lbfgs, FindsTheMinimumOfAnIllConditionedQuadratic) {
  // Eigenvalues from 1 to 1,000; the minimum is at x_i = i.
  const Objective quadratic = [](std::span<const double> x, std::span<double> gradient) {
    double value = 0;
    for (size_t i = 0; i < x.size(); i++) {
      const double weight = std::pow(10, 3.0 * static_cast<double>(i) / static_cast<double>(x.size() - 1));
      const double distance = x[i] - static_cast<double>(i);
      value += weight * distance * distance / 2;
      gradient[i] = weight * distance;
    }
    return value;
  };
  std::vector<double> x(20, -3);
  const LbfgsResult result = minimise_lbfgs(quadratic, x, {});
  EXPECT_TRUE(result.converged);
  for (size_t i = 0; i < x.size(); i++) EXPECT_NEAR(x[i], static_cast<double>(i), 1e-5);
}

TEST(Lbfgs, FollowsTheCurvedValleyOfRosenbrock) {
  const Objective rosenbrock = [](std::span<const double> x, std::span<double> gradient) {
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    gradient[0] = -2 * a - 400 * x[0] * b;
    gradient[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  std::vector<double> x = {-1.2, 1};
  const LbfgsResult result = minimise_lbfgs(rosenbrock, x, {});
  EXPECT_TRUE(result.converged);
  EXPECT_NEAR(x[0], 1, 1e-6);
  EXPECT_NEAR(x[1], 1, 1e-6);
  EXPECT_LT(result.evaluations, 100);
}

TEST(Lbfgs, StopsAtOnceAtAMinimumAndAtItsLimit) {
  const Objective parabola = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = 2 * x[0];
    return x[0] * x[0];
  };
  std::vector<double> x = {0};
  EXPECT_EQ(minimise_lbfgs(parabola, x, {}).iterations, 0);
  x = {5};
  const LbfgsResult none = minimise_lbfgs(parabola, x, {.max_iterations = 0});
  EXPECT_FALSE(none.converged);
  EXPECT_EQ(none.value, 25);
}

TEST(Lbfgs, ReturnsFromFunctionsItCannotMinimise) {
  const Objective falling = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = -1;
    return -x[0];
  };
  std::vector<double> x = {0};
  EXPECT_FALSE(minimise_lbfgs(falling, x, {.max_iterations = 5}).converged);
  // A gradient of the wrong sign, and values that are not numbers away from the start.
  const Objective lying = [](std::span<const double> y, std::span<double> gradient) {
    gradient[0] = -2 * y[0];
    return y[0] == 1 ? 1 : std::nan("");
  };
  x = {1};
  EXPECT_FALSE(minimise_lbfgs(lying, x, {}).converged);
  EXPECT_EQ(x[0], 1);
}

}  // namespace
}  // namespace understudy
