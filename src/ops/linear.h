// linear: y = x W^T (+ bias) for one or several weights that share their input.
//
// Computes  y_i[m, n] = sum_k x[m, k] W_i[n, k] + bias_i[n]; rows with an adapter add scale (x A_i) B_i
// Shapes    x (M, K); W_i (N_i, K) packed; y_i (M, N_i)
// Numerics  prompt rows: bf16 operands on sets with a matrix unit; all other rows: int8 activations per 32 K
//           (block formats) or f32 FMAs (float formats); f32 sums in ascending K (kernel_table.h)
//           adapters: f32 FMAs, whatever the kind of the row; ascending K, then ascending rank
// Backward  dx += sum_i dy_i W_i from the packed bytes; of the adapter that the tape trains dA += x^T du,
//           dB += u^T dy, and dx += du A^T of any, with u = scale (x A), du = scale (dy B^T)
// Cost      2 M N K multiply-adds; the weights' bytes once per step
// Errors    none: shapes are validated when the model is loaded
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ops/context.h"
#include "tensor/packed_matrix.h"

namespace understudy {

struct Linear {
  PackedMatrix weight;      // (N, K)
  std::vector<float> bias;  // (N) or empty
  int id = -1;              // among the layers that adapters can have a pair for; -1: none of them
};

// One parallel region, one quantisation of x for all weights.
void linear(const Context& context, Rows x, std::span<const Linear* const> layers, std::span<const Rows> y);

// Panels [begin, end) of a layer's weight: kPanelRows columns of y each.
struct PanelRange {
  int begin = 0, end = 0;
};

// The columns of y in `wanted` (ascending, disjoint), with the bits that linear() gives them; the others stay as they
// are. Recorded nowhere.
void linear_panels(const Context& context, Rows x, const Linear& layer, std::span<const PanelRange> wanted,
                   Rows y);

// y as linear() gives it where a column is its row's largest, and perhaps elsewhere; -infinity in the other columns. Of one or two
// rows that are not bf16, by a layer without bias whose codes have low quants (packed_layout.h), only the panels are computed
// whose bounds (KernelTable::bound) reach the largest output: returns their share of all panels. Recorded nowhere, no adapters.
std::optional<double> linear_largest(const Context& context, Rows x, const Linear& layer, Rows y);

// Of prompt rows that are bf16 in groups (bf16_row_at) already, on sets with a matrix unit; recorded nowhere, no adapters.
void linear_of_tiles(const Context& context, const uint16_t* x, const Linear& layer, Rows y);

inline Rows linear(const Context& context, Rows x, const Linear& layer) {
  Rows y = context.rows(x.rows, layer.weight.rows());
  const Linear* layers[] = {&layer};
  linear(context, x, layers, {&y, 1});
  return y;
}

// dx += dy W, recorded nowhere: for a caller that forms gradients itself (cross_entropy).
void linear_backward(const Context& context, const Linear& layer, Rows dy, Rows dx);

}  // namespace understudy
