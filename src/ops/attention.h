// attention: causal (optionally windowed) or full softmax attention over paged keys and values.
//
// Computes  out[m, h] = sum_j softmax_j(scale * q[m, h] . k[j, g]) v[j, g],  g = h * G / H,
//           over the positions j that row m may see: max(0, p - window + 1) .. p at position p (window 0: from 0)
// Shapes    q, out (M, H * D); k, v (M, G * D) of the step's own rows, stored to their pages first
// State     pages of f16 or int8: for each KV head K as (D, 16) and V as (16, D) (kernel_table.h)
// Numerics  blocks of kKeyBlock keys at fixed positions, merged in order: chunks, pages, threads change no bit
// Cost      4 M H D keys multiply-adds; K and V are read once per KV head and kAttendRows query rows
// Backward  from dense f32 q, k and v of whole sequences (position 0), as if keys and values were not
//           rounded when they are stored; shape must outlive the tape
// Source    online softmax: Milakov and Gimelshein 2018; blocks: Dao et al. 2022
#pragma once

#include <cstddef>
#include <span>

#include "ops/context.h"

namespace understudy {

// How keys and values are kept. int8 halves their memory, and what attention reads of it.
enum class KvType { f16, int8 };

// One sequence's rows in the step and the page table that its layer uses.
struct AttentionRows {
  int row = 0, rows = 0;
  int position = 0;
  std::span<std::byte* const> pages;
};

struct AttentionShape {
  int heads = 0, kv_heads = 0, head_width = 0;  // H, G, D
  int window = 0;
  bool causal = true;  // else a row sees all rows that its sequence has in the step; positions start at 0
  KvType kv = KvType::f16;
  float scale = 0;
  size_t page_offset = 0;  // where this layer's part begins inside a page

  size_t head_bytes() const {  // the keys, or the values, of a page
    const int scales = (head_width + kKvGroup - 1) / kKvGroup;
    return static_cast<size_t>(kPageKeys) *
           static_cast<size_t>(kv == KvType::f16 ? 2 * head_width : head_width + 2 * scales);
  }
  size_t k_offset(int g) const { return page_offset + 2 * static_cast<size_t>(g) * head_bytes(); }
  size_t v_offset(int g) const { return k_offset(g) + head_bytes(); }
  size_t page_bytes() const { return 2 * static_cast<size_t>(kv_heads) * head_bytes(); }
};

void attention(const Context& context, Rows q, Rows k, Rows v, const AttentionShape& shape,
               std::span<const AttentionRows> sequences, Rows out);

// What attention() records (attention_backward.cpp).
void record_attention(Tape& tape, Rows q, Rows k, Rows v, const AttentionShape& shape,
                      std::span<const AttentionRows> sequences, Rows out);

}  // namespace understudy
