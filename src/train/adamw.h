// AdamW: Adam with decoupled weight decay and bias correction.
//
//   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
//   x -= rate (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay x)
//
// Values whose gradient is always 0 and that are 0 stay so (what an adapter's rank is padded with).
// Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace understudy {

struct AdamWOptions {
  float beta1 = 0.9f, beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 0;
};

// Plain data: what a checkpoint keeps.
struct AdamWState {
  int64_t steps = 0;
  std::vector<float> first, second;  // moments m and v
};

// One step; g = gradient_scale * gradient. All spans and moments have one size.
void adamw_step(const AdamWOptions& options, float rate, std::span<const float> gradient,
                float gradient_scale, AdamWState& state, std::span<float> values);

// What to multiply a gradient of this norm by so that its norm is at most `largest`.
float clip_scale(double norm, float largest);
double norm_of(std::span<const float> values);

}  // namespace understudy
