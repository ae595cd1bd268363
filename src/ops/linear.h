// linear: y = x W^T (+ bias) for one or several weights that share their input.
//
// Computes  y_i[m, n] = sum_k x[m, k] W_i[n, k] + bias_i[n]
// Shapes    x (M, K); W_i (N_i, K) packed; y_i (M, N_i)
// Numerics  prompt rows: bf16 operands on sets with a matrix unit; all other rows: int8 activations per 32 K
//           (block formats) or f32 FMAs (float formats); f32 sums in ascending K (kernel_table.h)
// Cost      2 M N K multiply-adds; the weights' bytes once per step
// Errors    none: shapes are validated when the model is loaded
#pragma once

#include <span>
#include <vector>

#include "ops/context.h"
#include "tensor/packed_matrix.h"

namespace understudy {

struct Linear {
  PackedMatrix weight;      // (N, K)
  std::vector<float> bias;  // (N) or empty
};

// One parallel region, one quantisation of x for all weights.
void linear(const Context& context, Rows x, std::span<const Linear* const> layers, std::span<const Rows> y);

inline Rows linear(const Context& context, Rows x, const Linear& layer) {
  Rows y = context.rows(x.rows, layer.weight.rows());
  const Linear* layers[] = {&layer};
  linear(context, x, layers, {&y, 1});
  return y;
}

}  // namespace understudy
