#include "arch/encoder.h"

#include <cmath>

#include "arch/workspace.h"
#include "ops/embed.h"

namespace understudy {
namespace {

// Rows of all texts, with pages for one layer's keys and values.
Batch batch_of(std::span<const std::span<const int32_t>> texts, size_t page_bytes, Arena& arena,
               std::vector<std::vector<std::byte*>>& tables) {
  Batch batch;
  for (const auto& text : texts) {
    const int rows = static_cast<int>(text.size());
    auto& table = tables.emplace_back();
    for (int at = 0; at < rows; at += kPageTokens) table.push_back(arena.allocate<std::byte>(page_bytes));
    SequenceRows sequence;
    sequence.row = static_cast<int>(batch.tokens.size());
    sequence.rows = rows;
    sequence.kind = RowKind::generated;
    batch.tokens.insert(batch.tokens.end(), text.begin(), text.end());
    batch.sequences.push_back(std::move(sequence));
  }
  for (size_t i = 0; i < texts.size(); i++) batch.sequences[i].pages.emplace_back(tables[i]);
  return batch;
}

void pool_rows(const Rows& x, const SequenceRows& text, Pooling pooling, float* out) {
  const int rows = pooling == Pooling::first ? 1 : text.rows;
  std::vector<double> sum(static_cast<size_t>(x.width));
  for (int row = text.row; row < text.row + rows; row++) {
    for (int i = 0; i < x.width; i++) sum[static_cast<size_t>(i)] += x.row(row)[i];
  }
  double squares = 0;
  for (double value : sum) squares += value * value;
  const double inverse = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (int i = 0; i < x.width; i++) out[i] = static_cast<float>(sum[static_cast<size_t>(i)] * inverse);
}

}  // namespace

std::span<const float> Encoder::embed(std::span<const std::span<const int32_t>> texts,
                                      Workspace& workspace) const {
  Arena& arena = workspace.arena;
  arena.release({});
  std::vector<std::vector<std::byte*>> tables;
  const Batch batch = batch_of(texts, parts_.blocks[0]->paged_state()->page_bytes, arena, tables);
  std::vector<int> positions;
  for (const SequenceRows& s : batch.sequences) {
    for (int i = 0; i < s.rows; i++) positions.push_back(i);
  }

  // Vectors are compared by their angles: rows keep the full precision of generated rows on every set.
  const Context context{workspace.pool, kernels_, arena, /*prompt_rows=*/0};
  Rows x = embed_rows(context, batch, positions);
  const Step step{context, batch, {}};
  for (const auto& block : parts_.blocks) block->forward(step, x);

  Rows pooled = context.rows(static_cast<int>(texts.size()), x.width);
  for (size_t i = 0; i < texts.size(); i++)
    pool_rows(x, batch.sequences[i], parts_.pooling, pooled.row(static_cast<int>(i)));
  return {pooled.data, texts.size() * static_cast<size_t>(x.width)};
}

Rows Encoder::embed_rows(const Context& context, const Batch& batch, std::span<const int> positions) const {
  Rows x = understudy::embed(context, batch.tokens, parts_.embedding->weight, 1.0f);
  for (int row = 0; row < x.rows; row++) {
    const float* position =
        &parts_.positions[static_cast<size_t>(positions[static_cast<size_t>(row)] * x.width)];
    for (int i = 0; i < x.width; i++)
      x.row(row)[i] += position[i] + parts_.token_type[static_cast<size_t>(i)];
  }
  layer_norm(context, x, parts_.embedding_norm, x);
  return x;
}

std::vector<Cost> Encoder::costs() const {
  const int64_t table = static_cast<int64_t>(vocabulary()) * width();
  const auto rest = static_cast<int64_t>(parts_.positions.size() + 3 * parts_.token_type.size());
  std::vector<Cost> costs{{.kind = "embedding", .parameters = table + rest}};
  for (const auto& block : parts_.blocks) costs.push_back(block->cost());
  return costs;
}

}  // namespace understudy
