#include "ops/linear.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "base/checked.h"
#include "ops/adapter_terms.h"

namespace understudy {

namespace {

// On AVX2 two rows gain a tenth of a step of Gemma 270M and Qwen 0.5B; three and four, each a pass of its own, lose up to a sixth
// to whole codes that are unpacked once for all.
constexpr int kMostBoundRows = 2;
constexpr size_t kBoundBlockBytes = size_t{128} << 10;

// The forms of x that the arithmetic of its rows needs, made once for all weights that share it: bf16 of the first
// `bf16_rows`, int8 of the others.
struct Operands {
  Rows x;
  int bf16_rows = 0;
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
  Operands operands{.x = x, .bf16_rows = bf16_rows};
  const auto k = static_cast<size_t>(x.width), tiles = k / kTileK;
  const int int8_rows = x.rows - bf16_rows;
  const auto m = static_cast<size_t>(int8_rows);
  if (quantise) {
    operands.q = context.arena.allocate<int8_t>(m * k);
    operands.d = context.arena.allocate<float>(m * tiles);
    operands.dsum = context.arena.allocate<float>(m * tiles);
    operands.neg_sum = context.arena.allocate<int32_t>(m * tiles * 2);
  }
  if (bf16_rows > 0) {
    operands.bf16 = context.arena.allocate<uint16_t>(static_cast<size_t>(round_up(bf16_rows, kTileRows)) * k);
  }
  context.each_row(bf16_rows, x.width, [&](int row) {
    context.kernels.round_row_bf16(x.row(row), x.width, operands.bf16 + bf16_row_at(row, x.width));
  });
  if (!quantise) return operands;
  // Rows of a group share cache lines: one thread writes them all.
  context.each_row((int8_rows + kRowGroup - 1) / kRowGroup, kRowGroup * x.width, [&](int group) {
    const int first = group * kRowGroup, rows = std::min(kRowGroup, int8_rows - first);
    for (int i = 0; i < rows; i++) {
      const size_t at = static_cast<size_t>(first) * tiles + static_cast<size_t>(i);
      context.kernels.quantize_row(x.row(bf16_rows + first + i), x.width, rows, operands.q + at * kTileK,
                                   operands.d + at, operands.dsum + at, operands.neg_sum + 2 * at);
    }
  });
  return operands;
}

// Of the bf16 rows, or of the others.
LinearArgs arguments(const Linear& layer, const Operands& operands, Rows y, bool bf16) {
  const int begin = bf16 ? 0 : operands.bf16_rows;
  return {.dtype = layer.weight.dtype(),
          .panels = layer.weight.panel(0),
          .k = operands.x.width,
          .rows = bf16 ? operands.bf16_rows : operands.x.rows - begin,
          .int8 = {operands.q, operands.d, operands.dsum, operands.neg_sum},
          .f32 = operands.x.row(begin),
          .bf16 = operands.bf16,
          .y = y.row(begin),
          .n = layer.weight.rows(),
          .y_stride = y.width,
          .bias = layer.bias.empty() ? nullptr : layer.bias.data()};
}

// Panels of one of the layers that share x.
struct Segment {
  size_t layer = 0;
  PanelRange panels;
};

// The matrix unit takes panels in pairs, and the same time for one.
template <class Body>
void run_panels(const Context& context, int panels, bool in_pairs, Body&& body) {
  const int unit = in_pairs ? 2 : 1;
  context.pool.run_ranges((panels + unit - 1) / unit,
                          [&](int begin, int end) { body(unit * begin, std::min(unit * end, panels)); });
}

// The segments of y, as one row of panels that the threads share.
void multiply(const Context& context, Rows x, std::span<const Linear* const> layers,
              std::span<const Segment> segments, std::span<const Rows> y) {
  const KernelTable& kernels = context.kernels;
  const int bf16_rows = kernels.linear_bf16 != nullptr ? std::min(context.prompt_rows, x.rows) : 0;
  const int other_rows = x.rows - bf16_rows;
  Operands operands = prepare(context, x, bf16_rows, other_rows > 0 && any_block_format(layers));

  const std::span<const AdapterTerm> terms = adapter_terms(context, x, layers);
  if (context.tape != nullptr) record_linear(*context.tape, x, layers, y, terms);

  int panels = 0;
  for (const Segment& segment : segments) panels += segment.panels.end - segment.panels.begin;
  run_panels(context, panels, bf16_rows > 0, [&](int begin, int end) {
    for (const Segment& segment : segments) {
      if (begin >= end) break;
      const size_t i = segment.layer;
      const int count = segment.panels.end - segment.panels.begin;
      const int from = segment.panels.begin + begin, to = segment.panels.begin + std::min(end, count);
      if (from < to) {
        if (bf16_rows > 0)
          kernels.linear_bf16(arguments(*layers[i], operands, y[i], /*bf16=*/true), from, to);
        if (other_rows > 0) kernels.linear(arguments(*layers[i], operands, y[i], /*bf16=*/false), from, to);
        for (const AdapterTerm& term : terms) {
          if (term.layer == static_cast<int>(i))
            add_adapter_term(kernels, term, y[i], from * kPanelRows, to * kPanelRows);
        }
      }
      begin = std::max(0, begin - count);
      end -= count;
    }
  });
}

// One row's outputs as far as they are known: bounds of all panels, then the outputs of those that may hold the largest.
struct BoundedRow {
  LinearArgs args;
  float *estimates, *bounds;  // (panels)

  float largest_of(int panel) const {
    float best = -std::numeric_limits<float>::infinity();  // NaN is no largest value
    for (int i = panel * kPanelRows; i < std::min((panel + 1) * kPanelRows, args.n); i++)
      best = args.y[i] > best ? args.y[i] : best;
    return best;
  }
};

}  // namespace

std::optional<double> linear_largest(const Context& context, Rows x, const Linear& layer, Rows y) {
  ArenaScope scope(context.arena);
  const KernelTable& kernels = context.kernels;
  const PackedMatrix& weight = layer.weight;
  CHECK(weight.k() == x.width && context.tape == nullptr);
  const bool bf16 = kernels.linear_bf16 != nullptr && context.prompt_rows > 0;
  if (x.rows > kMostBoundRows || bf16 || packed_layout(weight.dtype()).low_bytes == 0 ||
      x.width > kMaxBoundK || !layer.bias.empty()) {
    const Linear* layers[] = {&layer};
    multiply(context, x, layers, std::array{Segment{0, {0, weight.panels()}}}, {&y, 1});
    return std::nullopt;
  }
  const int panels = weight.panels(), n = weight.rows();
  std::array<BoundedRow, kMostBoundRows> rows;
  for (int m = 0; m < x.rows; m++) {
    const Rows row{x.row(m), 1, x.width}, out{y.row(m), 1, y.width};
    rows[static_cast<size_t>(m)] = {
        arguments(layer, prepare(context, row, 0, /*quantise=*/true), out, /*bf16=*/false),
        context.arena.allocate<float>(static_cast<size_t>(panels)),
        context.arena.allocate<float>(static_cast<size_t>(panels))};
  }
  const std::span<const BoundedRow> bounded(rows.data(), static_cast<size_t>(x.rows));
  // Two rows pass one after the other what is in the second-level cache.
  const size_t in_cache = std::max<size_t>(1, kBoundBlockBytes / panel_bytes(weight.dtype(), weight.k()));
  const int block = x.rows == 1 ? panels : static_cast<int>(in_cache);
  context.pool.run_ranges(panels, [&](int begin, int end) {
    for (int at = begin; at < end; at += block) {
      for (const BoundedRow& r : bounded)
        kernels.bound(r.args, at, std::min(at + block, end), r.estimates, r.bounds);
    }
    for (const BoundedRow& r : bounded)
      std::fill(r.args.y + begin * kPanelRows, r.args.y + std::min(end * kPanelRows, n),
                -std::numeric_limits<float>::infinity());
  });

  struct Left {
    const BoundedRow* row;
    int panel;
  };
  auto* left = context.arena.allocate<Left>(static_cast<size_t>(panels) * bounded.size());
  int count = 0;
  for (const BoundedRow& r : bounded) {
    const auto likely = static_cast<int>(std::max_element(r.estimates, r.estimates + panels) - r.estimates);
    kernels.linear(r.args, likely, likely + 1);
    const float best = r.largest_of(likely);
    for (int p = 0; p < panels; p++) {
      if (p != likely && !(r.bounds[p] < best)) left[count++] = {&r, p};
    }
  }
  context.pool.run(count,
                   [&](int i) { kernels.linear(left[i].row->args, left[i].panel, left[i].panel + 1); });
  return static_cast<double>(count + x.rows) / (panels * x.rows);
}

void linear_of_tiles(const Context& context, const uint16_t* x, const Linear& layer, Rows y) {
  const LinearArgs args{.dtype = layer.weight.dtype(),
                        .panels = layer.weight.panel(0),
                        .k = layer.weight.k(),
                        .rows = y.rows,
                        .int8 = {},
                        .f32 = nullptr,
                        .bf16 = x,
                        .y = y.data,
                        .n = layer.weight.rows(),
                        .y_stride = y.width,
                        .bias = layer.bias.empty() ? nullptr : layer.bias.data()};
  run_panels(context, layer.weight.panels(), /*in_pairs=*/true,
             [&](int begin, int end) { context.kernels.linear_bf16(args, begin, end); });
}

void linear(const Context& context, Rows x, std::span<const Linear* const> layers, std::span<const Rows> y) {
  ArenaScope scope(context.arena);
  auto* segments = context.arena.allocate<Segment>(layers.size());
  for (size_t i = 0; i < layers.size(); i++) {
    CHECK(layers[i]->weight.k() == x.width);
    segments[i] = {i, {0, layers[i]->weight.panels()}};
  }
  multiply(context, x, layers, {segments, layers.size()}, y);
}

void linear_panels(const Context& context, Rows x, const Linear& layer, std::span<const PanelRange> wanted,
                   Rows y) {
  ArenaScope scope(context.arena);
  CHECK(layer.weight.k() == x.width && context.tape == nullptr);
  auto* segments = context.arena.allocate<Segment>(wanted.size());
  for (size_t i = 0; i < wanted.size(); i++) segments[i] = {0, wanted[i]};
  const Linear* layers[] = {&layer};
  multiply(context, x, layers, {segments, wanted.size()}, {&y, 1});
}

}  // namespace understudy
