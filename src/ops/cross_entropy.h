// cross_entropy: -log softmax(x W^T)[target] of every row, fused with the head so that logits exist for a few
// rows at a time only (V = 262,144 makes 1 MiB a row).
//
// Computes  losses[m] = log(sum_v exp(z[m, v])) - z[m, target[m]] in nats, z = x W^T
// Shapes    x (M, C), head W (V, C), targets (M) in [0, V), losses (M), dx (M, C)
// Backward  at once, where the logits are: dx += scale (softmax(z) - onehot(target)) W; the head is frozen
// Numerics  z as linear computes it for these rows; sums over V in f32 lanes, then f64 (KernelTable::softmax)
// Source    chunks of rows: Hsu et al. 2024, "Liger Kernel"
#pragma once

#include <cstdint>
#include <span>

#include "ops/linear.h"

namespace understudy {

// dx.data may be null: losses only. Rows without a target are left out by the caller: prompts then cost
// nothing.
void cross_entropy(const Context& context, Rows x, const Linear& head, std::span<const int32_t> targets,
                   std::span<float> losses, float scale, Rows dx);

}  // namespace understudy
