// short_conv: depthwise causal convolution of width L over a sequence, gated on both sides (LFM2).
//
// Computes  u = b * x;  y[t] = c[t] * sum_{i < L} w[:, i] * u[t - L + 1 + i]
// Shapes    bcx (M, 3 C): b, c and x side by side; w (C, L) row-major; y (M, C)
// State     tail (L - 1, C) f32: the last L - 1 values of u of the sequence, oldest first; zero at position 0
// Source    LFM2 (Liquid AI 2025), transformers' modeling_lfm2
#pragma once

#include <span>
#include <vector>

#include "ops/context.h"

namespace understudy {

struct ShortConvRows {
  int row = 0, rows = 0;
  float* tail = nullptr;  // (L - 1, C), advanced in place
};

void short_conv(const Context& context, Rows bcx, std::span<const float> weight, int taps,
                std::span<const ShortConvRows> sequences, Rows y);

}  // namespace understudy
