#include <cstring>

#include "base/checked.h"
#include "ops/query_pairs.h"

namespace understudy {

namespace {

// Pairs that share one conversion of a key block to bf16, which costs about as much as the scores and values of 64.
constexpr int kMostPairs = 256;

// What one thread works with: slices of arrays that all tasks share.
struct Task {
  QueryPairs pairs;
  uint16_t* q;
  int *first, *last;
  float *max, *sum, *out;
};

// As many as leave each thread several tasks.
int pairs_a_task(const Context& context, const AttentionShape& shape,
                 std::span<const AttentionRows> sequences) {
  int rows = 0;
  for (const AttentionRows& sequence : sequences) rows += sequence.rows;
  return std::clamp(round_up(rows * shape.heads / (8 * context.pool.size()), kTileRows), kTileRows,
                    kMostPairs);
}

void attend(const Context& context, Rows q, const Task& task, Rows out) {
  const QueryPairs& pairs = task.pairs;
  const int d = pairs.shape->head_width, width = round_up(d, kTileD);
  float scaled[kMaxHeadWidth] = {};
  RunningSoftmax running[kMostPairs];
  for (int i = 0; i < pairs.count; i++) {
    for (int j = 0; j < d; j++)
      scaled[j] = q.data[pairs.place(i) + static_cast<size_t>(j)] * pairs.shape->scale;
    context.kernels.round_row_bf16(scaled, width, task.q + bf16_row_at(i, width));
    task.first[i] = pairs.first_key(i);
    task.last[i] = pairs.end_key(i);
  }
  const int end_block = (task.last[pairs.count - 1] - 1) / kKeyBlock + 1;
  for (int block = task.first[0] / kKeyBlock; block < end_block; block++) {
    context.kernels.attend_tiles(
        {key_block(pairs, block), pairs.count, task.q, task.first, task.last, task.max, task.sum, task.out});
    for (int i = 0; i < pairs.count; i++)
      running[i].add(context.kernels, task.max[i], task.sum[i], task.out + i * width, d,
                     out.data + pairs.place(i));
  }
  for (int i = 0; i < pairs.count; i++) running[i].finish(d, out.data + pairs.place(i));
}

}  // namespace

void attend_prompts(const Context& context, Rows q, const AttentionShape& shape,
                    std::span<const AttentionRows> sequences, Rows out) {
  ArenaScope scope(context.arena);
  const int most = pairs_a_task(context, shape, sequences), count = count_pairs(sequences, shape, most);
  const auto all = static_cast<size_t>(count) * static_cast<size_t>(most);
  const auto width = static_cast<size_t>(round_up(shape.head_width, kTileD));
  Task next{.pairs = {},
            .q = context.arena.allocate<uint16_t>(all * width),
            .first = context.arena.allocate<int>(all),
            .last = context.arena.allocate<int>(all),
            .max = context.arena.allocate<float>(all),
            .sum = context.arena.allocate<float>(all),
            .out = context.arena.allocate<float>(all * width)};
  auto* tasks = context.arena.allocate<Task>(static_cast<size_t>(count));
  int planned = 0;
  each_pairs(sequences, shape, most, [&](const QueryPairs& pairs) {
    tasks[planned] = next;
    tasks[planned++].pairs = pairs;
    next.q += static_cast<size_t>(most) * width;
    next.out += static_cast<size_t>(most) * width;
    next.first += most, next.last += most, next.max += most, next.sum += most;
  });
  // The last rows see most keys: they come first.
  context.pool.run(count, [&](int i) { attend(context, q, tasks[count - 1 - i], out); });
}

}  // namespace understudy
