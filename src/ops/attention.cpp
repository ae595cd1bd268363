#include "ops/attention.h"

#include <cmath>
#include <cstring>

namespace understudy {

namespace {

void store_keys_and_values(const Context& context, Rows k, Rows v, const AttentionShape& shape,
                           const AttentionRows& sequence) {
  const int d = shape.head_width;
  context.each_row(sequence.rows, 4 * k.width, [&](int i) {
    const int row = sequence.row + i, position = sequence.position + i;
    std::byte* page = sequence.pages[static_cast<size_t>(position / kPageKeys)];
    const int slot = position % kPageKeys;
    uint16_t half[512];
    for (int g = 0; g < shape.kv_heads; g++) {
      auto* keys = reinterpret_cast<uint16_t*>(page + shape.k_offset(g));
      auto* values = reinterpret_cast<uint16_t*>(page + shape.v_offset(g));
      context.kernels.store_f16(v.row(row) + g * d, d, values + slot * d);
      context.kernels.store_f16(k.row(row) + g * d, d, half);
      for (int j = 0; j < d; j++) keys[j * kPageKeys + slot] = half[j];
    }
  });
}

// Query rows that share the reads of one KV head: consecutive (row, head) pairs of one sequence.
struct Tile {
  const AttentionRows* sequence;
  int g;             // KV head
  int first, count;  // pairs [first, first + count) of rows x heads-per-group
  int first_block, blocks;
};

struct Partial {
  float max[kAttendRows], sum[kAttendRows];
};

class Attend {
 public:
  Attend(const Context& context, Rows q, const AttentionShape& shape, Rows out)
      : context_(context), q_(q), shape_(shape), out_(out), group_(shape.heads / shape.kv_heads) {}

  void run(std::span<const AttentionRows> sequences) {
    Arena& arena = context_.arena;
    ArenaScope scope(arena);
    plan(sequences);
    const size_t d = static_cast<size_t>(shape_.head_width) * kAttendRows;
    // With few tiles (decode), threads share a tile's key blocks; the merge below is the same either way.
    auto* partials = arena.allocate<Partial>(static_cast<size_t>(total_blocks_));
    auto* outs = arena.allocate<float>(static_cast<size_t>(total_blocks_) * d);
    auto* first_of = arena.allocate<int>(static_cast<size_t>(tile_count_) + 1);
    first_of[0] = 0;
    for (int t = 0; t < tile_count_; t++) first_of[t + 1] = first_of[t] + tiles_[t].blocks;
    context_.pool.run(total_blocks_, [&](int task) {
      const int t =
          static_cast<int>(std::upper_bound(first_of, first_of + tile_count_ + 1, task) - first_of) - 1;
      attend_block(tiles_[t], tiles_[t].first_block + task - first_of[t], partials[task],
                   outs + static_cast<size_t>(task) * d);
    });
    context_.each_row(tile_count_, static_cast<int>(d), [&](int t) {
      merge(tiles_[t], partials + first_of[t], outs + static_cast<size_t>(first_of[t]) * d);
    });
  }

 private:
  void plan(std::span<const AttentionRows> sequences) {
    int most = 0;
    for (const auto& s : sequences)
      most += shape_.kv_heads * ((s.rows * group_ + kAttendRows - 1) / kAttendRows);
    tiles_ = context_.arena.allocate<Tile>(static_cast<size_t>(most));
    for (const auto& sequence : sequences) {
      for (int g = 0; g < shape_.kv_heads; g++) {
        for (int first = 0; first < sequence.rows * group_; first += kAttendRows) {
          Tile tile{&sequence, g, first, std::min(kAttendRows, sequence.rows * group_ - first), 0, 0};
          tile.first_block = visible_first(tile, 0) / kKeyBlock;
          tile.blocks = (position(tile, tile.count - 1)) / kKeyBlock - tile.first_block + 1;
          total_blocks_ += tile.blocks;
          tiles_[tile_count_++] = tile;
        }
      }
    }
  }

  int position(const Tile& tile, int i) const { return tile.sequence->position + (tile.first + i) / group_; }
  int visible_first(const Tile& tile, int i) const {
    return shape_.window > 0 ? std::max(0, position(tile, i) - shape_.window + 1) : 0;
  }
  size_t place(const Tile& tile, int i) const {  // of pair i in a (M, H * D) matrix
    const int row = tile.sequence->row + (tile.first + i) / group_,
              head = tile.g * group_ + (tile.first + i) % group_;
    return static_cast<size_t>(row) * static_cast<size_t>(q_.width) +
           static_cast<size_t>(head * shape_.head_width);
  }

  void attend_block(const Tile& tile, int block, Partial& partial, float* out) const {
    float scaled[kAttendRows][512];
    AttendArgs args{};
    args.d = shape_.head_width;
    args.rows = tile.count;
    for (int i = 0; i < tile.count; i++) {
      const float* q = q_.data + place(tile, i);
      for (int j = 0; j < args.d; j++) scaled[i][j] = q[j] * shape_.scale;
      args.q[i] = scaled[i];
      args.first[i] = visible_first(tile, i);
      args.last[i] = position(tile, i) + 1;
    }
    args.pages = tile.sequence->pages.data();
    args.k_offset = shape_.k_offset(tile.g);
    args.v_offset = shape_.v_offset(tile.g);
    args.block = block;
    args.max = partial.max;
    args.sum = partial.sum;
    args.out = out;
    context_.kernels.attend(args);
  }

  void merge(const Tile& tile, const Partial* partials, const float* outs) const {
    const int d = shape_.head_width;
    for (int i = 0; i < tile.count; i++) {
      float largest = -INFINITY, sum = 0;
      float* out = out_.data + place(tile, i);
      std::memset(out, 0, static_cast<size_t>(d) * sizeof(float));
      for (int b = 0; b < tile.blocks; b++) {
        context_.kernels.attend_merge(partials[b].max[i], partials[b].sum[i],
                                      outs + (b * kAttendRows + i) * d, d, &largest, &sum, out);
      }
      for (int j = 0; j < d; j++) out[j] /= sum;
    }
  }

  const Context& context_;
  Rows q_;
  const AttentionShape& shape_;
  Rows out_;
  int group_;  // query heads a KV head
  Tile* tiles_ = nullptr;
  int tile_count_ = 0, total_blocks_ = 0;
};

}  // namespace

void attention(const Context& context, Rows q, Rows k, Rows v, const AttentionShape& shape,
               std::span<const AttentionRows> sequences, Rows out) {
  for (const auto& sequence : sequences) store_keys_and_values(context, k, v, shape, sequence);
  Attend(context, q, shape, out).run(sequences);
}

}  // namespace understudy
