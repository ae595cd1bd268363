#include "ops/linear.h"

#include "base/check.h"
#include "base/checked.h"
#include "ops/adapter_terms.h"

namespace understudy {

namespace {

// The forms of x that the arithmetic of its rows needs, made once for all weights that share it.
struct Operands {
  Rows x;
  int8_t* q = nullptr;
  float* d = nullptr;
  float* dsum = nullptr;
  int32_t* neg_sum = nullptr;
  uint16_t* bf16 = nullptr;
};

bool any_block_format(std::span<const Linear* const> layers) {
  return std::any_of(layers.begin(), layers.end(),
                     [](const Linear* l) { return info(l->weight.dtype()).block > 1; });
}

Operands prepare(const Context& context, Rows x, int bf16_rows, bool quantise) {
  Operands operands{.x = x};
  const auto k = static_cast<size_t>(x.width), tiles = k / kTileK;
  const auto m = static_cast<size_t>(x.rows);
  if (quantise) {
    operands.q = context.arena.allocate<int8_t>(m * k);
    operands.d = context.arena.allocate<float>(m * tiles);
    operands.dsum = context.arena.allocate<float>(m * tiles);
    operands.neg_sum = context.arena.allocate<int32_t>(m * tiles * 2);
  }
  if (bf16_rows > 0) {
    operands.bf16 = context.arena.allocate<uint16_t>(static_cast<size_t>(round_up(bf16_rows, kTileRows)) * k);
  }
  context.each_row(x.rows, x.width, [&](int row) {
    const auto r = static_cast<size_t>(row);
    if (row < bf16_rows) {
      context.kernels.round_row_bf16(x.row(row), x.width, operands.bf16 + r * k);
    } else if (quantise) {
      context.kernels.quantize_row(x.row(row), x.width, operands.q + r * k, operands.d + r * tiles,
                                   operands.dsum + r * tiles, operands.neg_sum + 2 * r * tiles);
    }
  });
  return operands;
}

LinearArgs arguments(const Linear& layer, const Operands& operands, Rows y, int begin, int rows) {
  const auto first = static_cast<size_t>(begin), k = static_cast<size_t>(operands.x.width),
             tiles = k / kTileK;
  LinearArgs args{.dtype = layer.weight.dtype(),
                  .panels = layer.weight.panel(0),
                  .k = operands.x.width,
                  .rows = rows,
                  .int8 = {},
                  .f32 = operands.x.row(begin),
                  .bf16 = operands.bf16,
                  .y = y.row(begin),
                  .n = layer.weight.rows(),
                  .y_stride = y.width,
                  .bias = layer.bias.empty() ? nullptr : layer.bias.data()};
  if (operands.q != nullptr) {
    args.int8 = {operands.q + first * k, operands.d + first * tiles, operands.dsum + first * tiles,
                 operands.neg_sum + 2 * first * tiles};
  }
  return args;
}

}  // namespace

void linear(const Context& context, Rows x, std::span<const Linear* const> layers, std::span<const Rows> y) {
  ArenaScope scope(context.arena);
  const KernelTable& kernels = context.kernels;
  const int bf16_rows = kernels.linear_bf16 != nullptr ? std::min(context.prompt_rows, x.rows) : 0;
  const int other_rows = x.rows - bf16_rows;
  Operands operands = prepare(context, x, bf16_rows, other_rows > 0 && any_block_format(layers));

  const std::span<const AdapterTerm> terms = adapter_terms(context, x, layers);
  if (context.tape != nullptr) record_linear(*context.tape, x, layers, y, terms);

  int panels = 0;
  for (const Linear* layer : layers) {
    CHECK(layer->weight.k() == x.width);
    panels += layer->weight.panels();
  }
  // A task is a run of panels: enough tasks that threads finish together, large enough that claiming one is
  // cheap.
  const int chunk = std::max(1, panels / (16 * context.pool.size()));
  context.pool.run((panels + chunk - 1) / chunk, [&](int task) {
    int begin = task * chunk, end = std::min(panels, begin + chunk);
    for (size_t i = 0; i < layers.size() && begin < end; i++) {
      int count = layers[i]->weight.panels(), stop = std::min(end, count);
      if (begin < stop) {
        if (bf16_rows > 0)
          kernels.linear_bf16(arguments(*layers[i], operands, y[i], 0, bf16_rows), begin, stop);
        if (other_rows > 0)
          kernels.linear(arguments(*layers[i], operands, y[i], bf16_rows, other_rows), begin, stop);
        for (const AdapterTerm& term : terms) {
          if (term.layer == static_cast<int>(i))
            add_adapter_term(kernels, term, y[i], begin * kPanelRows, stop * kPanelRows);
        }
      }
      begin = std::max(0, begin - count);
      end -= count;
    }
  });
}

}  // namespace understudy
