// Backward of linear: dx += dy W from the packed bytes, and the gradients of an adapter's pairs. W is frozen.
//
// Threads share columns of dx (and rows, where there are few columns), rows of dA and columns of dB: every
// sum is one thread's, in ascending order.
#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "ops/adapter_terms.h"

namespace understudy {

namespace {

constexpr int kTaskTiles = 3;     // the kernel's slab is as wide
constexpr int kFewestRows = 128;  // fewer do not pay for unpacking W
constexpr int kRowGroup = 24;     // rows that the kernels of all sets take without a rest
constexpr int kTermRows = 2 * kRowGroup, kTermColumns = 96;
constexpr int kBlockRows = 128;  // x kTermColumns: 48 KiB

struct LinearCall {
  Rows x;
  std::span<const Linear* const> layers;
  std::span<const Rows> y;
  std::span<const AdapterTerm> terms;
};

void weights_backward(const Context& context, const LinearCall& call, std::span<const Rows> dy, Rows dx) {
  const int tiles = dx.width / kTileK, slabs = (tiles + kTaskTiles - 1) / kTaskTiles;
  const int wanted = (4 * context.pool.size() + slabs - 1) / slabs;
  const int rows = round_up(std::max((dx.rows + wanted - 1) / wanted, kFewestRows), kRowGroup);
  const int blocks = (dx.rows + rows - 1) / rows;
  context.pool.run(slabs * blocks, [&](int task) {
    const int begin = task % slabs * kTaskTiles, row = task / slabs * rows;
    for (size_t i = 0; i < call.layers.size(); i++) {
      const PackedMatrix& w = call.layers[i]->weight;
      context.kernels.linear_backward({w.dtype(), w.panel(0), w.rows(), w.k(), std::min(rows, dx.rows - row),
                                       dy[i].row(row), dx.row(row)},
                                      begin, std::min(tiles, begin + kTaskTiles));
    }
  });
}

// (rows, columns) -> (columns, rows)
void transpose(const float* in, int rows, int columns, float* out) {
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < columns; j++)
      out[static_cast<ptrdiff_t>(j) * rows + i] = in[static_cast<ptrdiff_t>(i) * columns + j];
  }
}

// One task of `size` from `begin` for each `chunk` of [0, total).
template <typename Body>
void in_chunks(const Context& context, int total, int chunk, Body&& body) {
  context.pool.run((total + chunk - 1) / chunk,
                   [&](int task) { body(task * chunk, std::min(chunk, total - task * chunk)); });
}

// body(row, rows, block) for blocks of the rows of x: columns [first, first + count), with kTermColumns between rows.
// Where they stand, rows are often half a page apart, and a cache keeps few of such lines.
template <typename Body>
void in_blocks(Rows x, int first, int count, Body&& body) {
  float block[kBlockRows * kTermColumns];
  for (int row = 0; row < x.rows; row += kBlockRows) {
    const int rows = std::min(kBlockRows, x.rows - row);
    for (int i = 0; i < rows; i++)
      std::memcpy(block + i * kTermColumns, x.row(row + i) + first,
                  static_cast<size_t>(count) * sizeof(float));
    body(row, rows, block);
  }
}

// With u = scale (x A) and y += u B: dA = x^T du, dB = u^T dy, dx += du A^T with du = scale (dy B^T).
void term_backward(const Context& context, const Tape& tape, Rows x, const AdapterTerm& term, Rows dy,
                   Rows dx) {
  ArenaScope scope(context.arena);
  const AdapterPair& pair = *term.pair;
  const int rank = pair.padded_rank(), k = pair.inputs, n = pair.outputs, rows = term.rows;
  const auto multiply_add = context.kernels.multiply_add;
  const float* values = term.adapter->values.data();
  auto* a_columns = context.arena.allocate<float>(pair.a_size());  // A^T (R, K)
  auto* b_columns = context.arena.allocate<float>(pair.b_size());  // B^T (N, R)
  auto* du = context.arena.allocate<float>(static_cast<size_t>(rows * rank));
  context.pool.run(2, [&](int task) {
    task == 0 ? transpose(values + pair.a, k, rank, a_columns)
              : transpose(values + pair.b, rank, n, b_columns);
  });
  in_chunks(context, rows, kTermRows, [&](int first, int count) {
    float* part = du + first * rank;
    std::memset(part, 0, static_cast<size_t>(count * rank) * sizeof(float));
    multiply_add({dy.row(term.row + first), n, 1, b_columns, rank, part, rank, count, rank, n});
    for (int i = 0; i < count * rank; i++) part[i] *= pair.scale;
    multiply_add({part, rank, 1, a_columns, k, dx.row(term.row + first), k, count, k, pair.rank});
  });
  if (term.adapter != &tape.trained()) return;
  float *da = tape.adapter_gradient(pair.a), *db = tape.adapter_gradient(pair.b);
  in_chunks(context, k, kTermColumns, [&](int first, int count) {
    in_blocks({x.row(term.row), rows, k}, first, count, [&](int row, int part, const float* block) {
      multiply_add(
          {block, 1, kTermColumns, du + row * rank, rank, da + first * rank, rank, count, rank, part});
    });
  });
  in_chunks(context, n, kTermColumns, [&](int first, int count) {
    in_blocks({dy.row(term.row), rows, n}, first, count, [&](int row, int part, const float* block) {
      multiply_add(
          {term.u + row * rank, 1, rank, block, kTermColumns, db + first, n, pair.rank, count, part});
    });
  });
}

}  // namespace

void record_linear(Tape& tape, Rows x, std::span<const Linear* const> layers, std::span<const Rows> y,
                   std::span<const AdapterTerm> terms) {
  const size_t count = layers.size();
  auto* kept_layers = tape.memory().allocate<const Linear*>(count);
  auto* kept_y = tape.memory().allocate<Rows>(count);
  std::copy(layers.begin(), layers.end(), kept_layers);
  std::copy(y.begin(), y.end(), kept_y);
  const LinearCall call{x, {kept_layers, count}, {kept_y, count}, terms};
  tape.record([=](const Context& context, Tape& on) {
    ArenaScope scope(context.arena);
    auto* dy = context.arena.allocate<Rows>(count);
    for (size_t i = 0; i < count; i++) dy[i] = on.gradient(call.y[i]);
    const Rows dx = on.gradient(call.x);
    weights_backward(context, call, {dy, count}, dx);
    for (const AdapterTerm& term : call.terms)
      term_backward(context, on, call.x, term, dy[static_cast<size_t>(term.layer)], dx);
  });
}

void linear_backward(const Context& context, const Linear& layer, Rows dy, Rows dx) {
  const Linear* layers[] = {&layer};
  weights_backward(context, {dx, layers, {}, {}}, {&dy, 1}, dx);
}

}  // namespace understudy
