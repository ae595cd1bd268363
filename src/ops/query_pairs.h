// QueryPairs: consecutive (row, head) pairs of one sequence whose heads share a KV head, which keys each sees, and where its
// query and its result lie. What both ways of attending (attention.cpp, attention_prompts.cpp) are planned with.
#pragma once

#include <cmath>
#include <cstring>

#include "ops/attention.h"

namespace understudy {

struct QueryPairs {
  const AttentionRows* sequence;
  const AttentionShape* shape;
  int g;             // KV head
  int first, count;  // of the rows x heads-a-group of the sequence

  int heads_a_group() const { return shape->heads / shape->kv_heads; }
  int position(int i) const { return sequence->position + (first + i) / heads_a_group(); }
  // Pair i sees keys [first_key, end_key).
  int first_key(int i) const { return shape->window > 0 ? std::max(0, position(i) - shape->window + 1) : 0; }
  int end_key(int i) const { return shape->causal ? position(i) + 1 : sequence->position + sequence->rows; }
  // Of pair i in a (M, H * D) matrix.
  size_t place(int i) const {
    const int row = sequence->row + (first + i) / heads_a_group();
    const int head = g * heads_a_group() + (first + i) % heads_a_group();
    return (static_cast<size_t>(row) * static_cast<size_t>(shape->heads) + static_cast<size_t>(head)) *
           static_cast<size_t>(shape->head_width);
  }
};

// body(pairs) for all pairs of all sequences, `most` at a time.
template <class Body>
void each_pairs(std::span<const AttentionRows> sequences, const AttentionShape& shape, int most, Body body) {
  const int heads_a_group = shape.heads / shape.kv_heads;
  for (const auto& sequence : sequences) {
    const int all = sequence.rows * heads_a_group;
    for (int g = 0; g < shape.kv_heads; g++) {
      for (int first = 0; first < all; first += most)
        body(QueryPairs{&sequence, &shape, g, first, std::min(most, all - first)});
    }
  }
}

// How often that calls body.
inline int count_pairs(std::span<const AttentionRows> sequences, const AttentionShape& shape, int most) {
  int calls = 0;
  each_pairs(sequences, shape, most, [&](const QueryPairs&) { calls++; });
  return calls;
}

inline KeyBlock key_block(const QueryPairs& pairs, int block) {
  const AttentionShape& shape = *pairs.shape;
  return {.d = shape.head_width,
          .int8 = shape.kv == KvType::int8,
          .pages = pairs.sequence->pages.data(),
          .k_offset = shape.k_offset(pairs.g),
          .v_offset = shape.v_offset(pairs.g),
          .block = block};
}

// The softmax of one pair over the blocks so far; its weighted values are in `out`.
struct RunningSoftmax {
  float max = -INFINITY, sum = 0;

  void add(const KernelTable& kernels, float block_max, float block_sum, const float* block_out, int d,
           float* out) {
    if (sum != 0) return kernels.attend_merge(block_max, block_sum, block_out, d, &max, &sum, out);
    std::memcpy(out, block_out, static_cast<size_t>(d) * sizeof(float));
    max = block_max, sum = block_sum;
  }
  void finish(int d, float* out) const {
    for (int i = 0; i < d; i++) out[i] /= sum;
  }
};

// attention() for sequences of prompt rows, on the matrix unit.
void attend_prompts(const Context& context, Rows q, const AttentionShape& shape,
                    std::span<const AttentionRows> sequences, Rows out);

}  // namespace understudy
