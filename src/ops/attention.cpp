#include "ops/attention.h"

#include <cstring>

#include "ops/query_pairs.h"

namespace understudy {

namespace {

// One key's or value's D numbers at `stride` from each other.
void store_f16(const KernelTable& kernels, const float* x, int d, int stride, std::byte* part, int first) {
  uint16_t half[kMaxHeadWidth];
  kernels.store_f16(x, d, half);
  auto* out = reinterpret_cast<uint16_t*>(part) + first;
  for (int i = 0; i < d; i++) out[i * stride] = half[i];
}

void store_int8(const KernelTable& kernels, const float* x, int d, int stride, std::byte* part, int first,
                int slot) {
  float padded[kMaxHeadWidth] = {};
  int8_t codes[kMaxHeadWidth];
  float scale[kMaxHeadWidth / kKvGroup], unused[kMaxHeadWidth / kKvGroup];
  int32_t unused_sums[2 * kMaxHeadWidth / kKvGroup];
  const int groups = (d + kKvGroup - 1) / kKvGroup;
  std::memcpy(padded, x, static_cast<size_t>(d) * sizeof(float));
  kernels.quantize_row(padded, groups * kKvGroup, /*rows=*/1, codes, scale, unused, unused_sums);
  for (int i = 0; i < d; i++) part[first + i * stride] = static_cast<std::byte>(codes[i]);
  uint16_t half[kMaxHeadWidth / kKvGroup];
  kernels.store_f16(scale, groups, half);
  auto* scales = reinterpret_cast<uint16_t*>(part + d * kPageKeys);
  for (int g = 0; g < groups; g++) scales[g * kPageKeys + slot] = half[g];
}

void store_keys_and_values(const Context& context, Rows k, Rows v, const AttentionShape& shape,
                           const AttentionRows& sequence) {
  const int d = shape.head_width;
  context.each_row(sequence.rows, 4 * k.width, [&](int i) {
    const int row = sequence.row + i, position = sequence.position + i, slot = position % kPageKeys;
    std::byte* page = sequence.pages[static_cast<size_t>(position / kPageKeys)];
    for (int g = 0; g < shape.kv_heads; g++) {
      const float *key = k.row(row) + g * d, *value = v.row(row) + g * d;
      std::byte *keys = page + shape.k_offset(g), *values = page + shape.v_offset(g);
      if (shape.kv == KvType::int8) {
        store_int8(context.kernels, key, d, kPageKeys, keys, slot, slot);
        store_int8(context.kernels, value, d, 1, values, slot * d, slot);
      } else {
        store_f16(context.kernels, key, d, kPageKeys, keys, slot);
        store_f16(context.kernels, value, d, 1, values, slot * d);
      }
    }
  });
}

// Queries that share the reads of a block, and the blocks that they see.
struct Tile {
  QueryPairs pairs;
  int first_block, blocks;
};

// A block's softmax, before it is merged: of each pair the largest score, the sum and the weighted values.
struct Partial {
  float max[kAttendRows], sum[kAttendRows];
  float out[kAttendRows * kMaxHeadWidth];
};

class Attend {
 public:
  Attend(const Context& context, Rows q, const AttentionShape& shape, Rows out)
      : context_(context), q_(q), shape_(shape), out_(out) {}

  void run(std::span<const AttentionRows> sequences) {
    ArenaScope scope(context_.arena);
    plan(sequences);
    const bool enough_tiles = tile_count_ >= 4 * context_.pool.size();
    enough_tiles ? run_by_tile() : run_by_block();
  }

 private:
  // A thread takes a tile and merges its blocks as it goes.
  void run_by_tile() const {
    context_.pool.run(tile_count_, [&](int t) {
      Partial partial;
      RunningSoftmax running[kAttendRows];
      for (int b = 0; b < tiles_[t].blocks; b++) {
        attend_block(tiles_[t], b, partial);
        merge(tiles_[t], partial, running);
      }
      finish(tiles_[t], running);
    });
  }

  // Few tiles (decode of few streams): threads share a tile's blocks, which are merged in the same order
  // afterwards.
  void run_by_block() const {
    auto* partials = context_.arena.allocate<Partial>(static_cast<size_t>(total_blocks_));
    auto* first_of = context_.arena.allocate<int>(static_cast<size_t>(tile_count_) + 1);
    first_of[0] = 0;
    for (int t = 0; t < tile_count_; t++) first_of[t + 1] = first_of[t] + tiles_[t].blocks;
    context_.pool.run(total_blocks_, [&](int task) {
      const int t =
          static_cast<int>(std::upper_bound(first_of, first_of + tile_count_ + 1, task) - first_of) - 1;
      attend_block(tiles_[t], task - first_of[t], partials[task]);
    });
    for (int t = 0; t < tile_count_; t++) {
      RunningSoftmax running[kAttendRows];
      for (int b = 0; b < tiles_[t].blocks; b++) merge(tiles_[t], partials[first_of[t] + b], running);
      finish(tiles_[t], running);
    }
  }

  void plan(std::span<const AttentionRows> sequences) {
    tiles_ = context_.arena.allocate<Tile>(static_cast<size_t>(count_pairs(sequences, shape_, kAttendRows)));
    each_pairs(sequences, shape_, kAttendRows, [&](const QueryPairs& pairs) {
      const int first_block = pairs.first_key(0) / kKeyBlock;
      const int blocks = (pairs.end_key(pairs.count - 1) - 1) / kKeyBlock - first_block + 1;
      tiles_[tile_count_++] = {pairs, first_block, blocks};
      total_blocks_ += blocks;
    });
  }

  void attend_block(const Tile& tile, int block, Partial& partial) const {
    float scaled[kAttendRows][kMaxHeadWidth];
    AttendArgs args{key_block(tile.pairs, tile.first_block + block),
                    tile.pairs.count,
                    {},
                    {},
                    {},
                    partial.max,
                    partial.sum,
                    partial.out};
    for (int i = 0; i < tile.pairs.count; i++) {
      const float* q = q_.data + tile.pairs.place(i);
      for (int j = 0; j < args.d; j++) scaled[i][j] = q[j] * shape_.scale;
      args.q[i] = scaled[i];
      args.first[i] = tile.pairs.first_key(i);
      args.last[i] = tile.pairs.end_key(i);
    }
    context_.kernels.attend(args);
  }

  void merge(const Tile& tile, const Partial& partial, RunningSoftmax* running) const {
    for (int i = 0; i < tile.pairs.count; i++) {
      running[i].add(context_.kernels, partial.max[i], partial.sum[i], partial.out + i * shape_.head_width,
                     shape_.head_width, out_.data + tile.pairs.place(i));
    }
  }

  void finish(const Tile& tile, const RunningSoftmax* running) const {
    for (int i = 0; i < tile.pairs.count; i++)
      running[i].finish(shape_.head_width, out_.data + tile.pairs.place(i));
  }

  const Context& context_;
  Rows q_;
  const AttentionShape& shape_;
  Rows out_;
  Tile* tiles_ = nullptr;
  int tile_count_ = 0, total_blocks_ = 0;
};

}  // namespace

void attention(const Context& context, Rows q, Rows k, Rows v, const AttentionShape& shape,
               std::span<const AttentionRows> sequences, Rows out) {
  for (const auto& sequence : sequences) store_keys_and_values(context, k, v, shape, sequence);
  // Prompts come first, and are worth the matrix unit.
  size_t prompts = 0;
  if (context.kernels.attend_tiles != nullptr) {
    while (prompts < sequences.size() && sequences[prompts].row < context.prompt_rows) prompts++;
  }
  if (prompts > 0) attend_prompts(context, q, shape, sequences.first(prompts), out);
  if (prompts < sequences.size()) Attend(context, q, shape, out).run(sequences.subspan(prompts));
  if (context.tape != nullptr) record_attention(*context.tape, q, k, v, shape, sequences, out);
}

}  // namespace understudy
