// layer_norm: y = (x - mean(x)) / sqrt(variance(x) + eps) * w + b, over each row.
//
// Shapes    x, y (M, C), w, b (C); y may be x
// Source    Ba, Kiros and Hinton 2016, "Layer Normalization"
#pragma once

#include <vector>

#include "ops/context.h"

namespace understudy {

struct LayerNorm {
  std::vector<float> weight, bias;
  float eps = 1e-12f;
};

void layer_norm(const Context& context, Rows x, const LayerNorm& norm, Rows y);

}  // namespace understudy
