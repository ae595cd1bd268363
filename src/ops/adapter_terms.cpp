#include "ops/adapter_terms.h"

#include <cstring>

namespace understudy {

namespace {

// Rows that share the reads of A: whole groups of the kernels of all sets.
constexpr int kTermRows = 24;

void compute_u(const Context& context, Rows x, const AdapterTerm& term, int first, int count) {
  const AdapterPair& pair = *term.pair;
  const int rank = pair.padded_rank();
  float* u = term.u + static_cast<ptrdiff_t>(first) * rank;
  std::memset(u, 0, static_cast<size_t>(count * rank) * sizeof(float));
  context.kernels.multiply_add({x.row(term.row + first), x.width, 1, term.adapter->values.data() + pair.a,
                                rank, u, rank, count, rank, x.width});
  for (int i = 0; i < count * rank; i++) u[i] *= pair.scale;
}

}  // namespace

std::span<const AdapterTerm> adapter_terms(const Context& context, Rows x,
                                           std::span<const Linear* const> layers) {
  Arena& arena = context.tape != nullptr ? context.tape->memory() : context.arena;
  auto* terms = arena.allocate<AdapterTerm>(context.adapters.size() * layers.size());
  size_t count = 0;
  for (const AdapterRows& range : context.adapters) {
    for (size_t i = 0; i < layers.size(); i++) {
      const AdapterPair* pair = range.adapter->pair(layers[i]->id);
      if (pair == nullptr) continue;
      const int rows = range.end - range.begin;
      terms[count++] = {static_cast<int>(i),
                        range.adapter,
                        pair,
                        range.begin,
                        rows,
                        arena.allocate<float>(static_cast<size_t>(rows * pair->padded_rank()))};
    }
  }
  for (size_t i = 0; i < count; i++) {
    const AdapterTerm& term = terms[i];
    const int tasks = (term.rows + kTermRows - 1) / kTermRows;
    context.pool.run(tasks, [&](int task) {
      const int first = task * kTermRows;
      compute_u(context, x, term, first, std::min(kTermRows, term.rows - first));
    });
  }
  return {terms, count};
}

void add_adapter_term(const KernelTable& kernels, const AdapterTerm& term, Rows y, int begin, int end) {
  const AdapterPair& pair = *term.pair;
  kernels.multiply_add({term.u, pair.padded_rank(), 1, term.adapter->values.data() + pair.b + begin,
                        pair.outputs, y.row(term.row) + begin, y.width, term.rows, end - begin, pair.rank});
}

}  // namespace understudy
