#include "ops/gated_mlp.h"

#include "base/checked.h"

namespace understudy {

namespace {

// Rows that gated_bf16 may take.
int tile_rows(const Context& context, Rows x, const Linear& gate, const Linear& up) {
  const bool plain =
      context.kernels.gated_bf16 != nullptr && context.tape == nullptr && context.adapters.empty();
  const bool alike = gate.weight.dtype() == up.weight.dtype() && gate.bias.empty() && up.bias.empty();
  return plain && alike && gate.weight.rows() % kTileK == 0 ? std::min(context.prompt_rows, x.rows) : 0;
}

void by_parts(const Context& context, Rows x, const Linear& gate, const Linear& up, Activation activation,
              const Linear& down, Rows y) {
  const Linear* layers[] = {&gate, &up};
  const Rows wide[] = {context.rows(x.rows, gate.weight.rows()), context.rows(x.rows, up.weight.rows())};
  linear(context, x, layers, wide);
  glu(context, wide[0], wide[1], activation, wide[0]);
  const Linear* last[] = {&down};
  linear(context, wide[0], last, {&y, 1});
}

void by_tiles(const Context& context, Rows x, const Linear& gate, const Linear& up, Activation activation,
              const Linear& down, Rows y) {
  const KernelTable& kernels = context.kernels;
  const auto padded = static_cast<size_t>(round_up(x.rows, kTileRows));
  auto* rounded = context.arena.allocate<uint16_t>(padded * static_cast<size_t>(x.width));
  context.each_row(x.rows, x.width, [&](int row) {
    kernels.round_row_bf16(x.row(row), x.width, rounded + bf16_row_at(row, x.width));
  });
  const int wide = gate.weight.rows();
  auto* between = context.arena.allocate<uint16_t>(padded * static_cast<size_t>(wide));
  const GatedArgs gated{.dtype = gate.weight.dtype(),
                        .gate = gate.weight.panel(0),
                        .up = up.weight.panel(0),
                        .k = x.width,
                        .rows = x.rows,
                        .n = wide,
                        .x = rounded,
                        .gelu = activation == Activation::gelu_tanh,
                        .out = between};
  context.pool.run_ranges(gate.weight.panels(),
                          [&](int begin, int end) { kernels.gated_bf16(gated, begin, end); });
  linear_of_tiles(context, between, down, y);
}

}  // namespace

Rows gated_mlp(const Context& context, Rows x, const Linear& gate, const Linear& up, Activation activation,
               const Linear& down) {
  const Rows y = context.rows(x.rows, down.weight.rows());
  const int first = tile_rows(context, x, gate, up);
  if (first > 0)
    by_tiles(context, {x.data, first, x.width}, gate, up, activation, down, {y.data, first, y.width});
  if (first == x.rows) return y;
  Context rest = context;
  rest.prompt_rows -= first;
  by_parts(rest, {x.row(first), x.rows - first, x.width}, gate, up, activation, down,
           {y.row(first), y.rows - first, y.width});
  return y;
}

}  // namespace understudy
