// rope: rotary position embedding, in place.
//
// Computes  for pair i of a head at position p: angle = p * inverse_frequency[i];
//           (a, b) -> (a cos - b sin, a sin + b cos)
//           adjacent: a, b = x[2i], x[2i + 1] (GGUF llama, whose q and k rows are permuted for it)
//           split:    a, b = x[i], x[i + n] with n pairs (NEOX: qwen2, gemma3, lfm2)
// Shapes    x (M, heads * D); angles (M, 4 n); the first 2 n values of each head turn, the rest stays
// Backward  the gradient turns back by the same angles, which must outlive the tape
// Source    Su et al. 2021, "RoFormer"
#pragma once

#include <span>
#include <vector>

#include "ops/context.h"

namespace understudy {

enum class RopePairs { adjacent, split };

struct Rope {
  std::vector<float> inverse_frequency;  // (n pairs)
  RopePairs pairs = RopePairs::split;

  // theta^(-2i/dims) / factors[i]; factors may be empty (Llama 3's rope_freqs), scale divides all (linear
  // scaling).
  static Rope make(int dims, float theta, RopePairs pairs, std::span<const float> factors = {},
                   float scale = 1.0f);
  bool operator==(const Rope&) const = default;
};

// cos and sin of the positions' angles, of every value that turns: made once a step for all layers with the same rope, since
// they cost more than the turning. Rows of context.arena.
Rows rope_angles(const Context& context, std::span<const int> positions, const Rope& rope);

void rope(const Context& context, Rows x, int head_width, Rows angles, RopePairs pairs);

}  // namespace understudy
