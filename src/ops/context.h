// What every op gets: threads, kernels, scratch, which rows of the step are prompt rows and which have an
// adapter. Ops run their own parallel regions on the pool; results are valid until the enclosing ArenaScope
// ends, or, while a tape records, until that ends.
//
// Shape letters: M rows of the step, C model width, H query heads, G KV heads, D head width, F feed-forward
// width, N and K output and input width of a linear layer, V vocabulary.
#pragma once

#include <algorithm>
#include <span>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "ops/adapter.h"
#include "ops/rows.h"
#include "ops/tape.h"

namespace understudy {

struct Context {
  ThreadPool& pool;
  const KernelTable& kernels;
  Arena& arena;
  int prompt_rows = 0;                         // rows [0, prompt_rows) are prompt rows, the others generated
  std::span<const AdapterRows> adapters = {};  // ascending, disjoint; rows outside have no adapter
  Tape* tape = nullptr;                        // null: nothing is recorded

  Rows rows(int count, int width) const {
    if (tape != nullptr) return tape->keep_rows(count, width);
    return {arena.allocate<float>(static_cast<size_t>(count) * static_cast<size_t>(width)), count, width};
  }

  // body(row) for every row; on all threads when there is enough to share (about 10 us of work a thread).
  template <typename Body>
  void each_row(int count, int width, Body&& body) const {
    constexpr int kWorthSharing = 1 << 14;
    if (count * width < kWorthSharing || count < pool.size()) {
      for (int i = 0; i < count; i++) body(i);
      return;
    }
    pool.run(count, body);
  }
};

}  // namespace understudy
