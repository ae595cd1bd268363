// Sums over weights for Block::cost().
#pragma once

#include <initializer_list>

#include "blocks/block.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"

namespace understudy {

inline void count(Cost& cost, std::initializer_list<const Linear*> layers) {
  for (const Linear* layer : layers) {
    const int64_t weights = static_cast<int64_t>(layer->weight.rows()) * layer->weight.k();
    cost.parameters += weights + static_cast<int64_t>(layer->bias.size());
    cost.multiply_adds += weights;
    cost.weight_bytes += static_cast<int64_t>(layer->weight.bytes() + layer->bias.size() * sizeof(float));
  }
}

inline void count(Cost& cost, const RmsNorm& norm) {
  cost.parameters += static_cast<int64_t>(norm.weight.size());
  cost.weight_bytes += static_cast<int64_t>(norm.weight.size() * sizeof(float));
}

}  // namespace understudy
