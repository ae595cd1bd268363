// Inside linear: what adapters add to its results, and the gradients that this gives.
#pragma once

#include <span>

#include "ops/linear.h"

namespace understudy {

// u = scale * (x A) for the rows of one adapter and one layer of a call; the layer's result gains u B.
struct AdapterTerm {
  int layer = 0;  // of the call
  const Adapter* adapter = nullptr;
  const AdapterPair* pair = nullptr;
  int row = 0, rows = 0;
  float* u = nullptr;  // (rows, R)
};

// Terms of all layers that the adapters of `context` have a pair for, their u computed. Lives as long as the
// tape, or else until the enclosing ArenaScope ends.
std::span<const AdapterTerm> adapter_terms(const Context& context, Rows x,
                                           std::span<const Linear* const> layers);

// y += u B for columns [begin, end), which are whole panels. Each row's additions ascend in the rank.
void add_adapter_term(const KernelTable& kernels, const AdapterTerm& term, Rows y, int begin, int end);

// What linear() records. `terms` must outlive the tape.
void record_linear(Tape& tape, Rows x, std::span<const Linear* const> layers, std::span<const Rows> y,
                   std::span<const AdapterTerm> terms);

}  // namespace understudy
