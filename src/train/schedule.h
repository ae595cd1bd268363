// The learning rate of each step: a linear rise, then half a cosine down to (nearly) nothing.
// Source: Loshchilov and Hutter 2017, "SGDR", without restarts; warm-up: Goyal et al. 2017
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace understudy {

struct Schedule {
  float peak = 0;
  float warmup_share = 0;  // of all steps
  int steps = 1;

  // Of step 0 .. steps - 1.
  float rate(int step) const {
    const int rise = static_cast<int>(std::ceil(warmup_share * static_cast<float>(steps)));
    if (step < rise) return peak * static_cast<float>(step + 1) / static_cast<float>(rise + 1);
    const double done = static_cast<double>(step - rise) / std::max(1, steps - rise);
    return peak * static_cast<float>(0.5 * (1 + std::cos(std::numbers::pi * done)));
  }
};

}  // namespace understudy
