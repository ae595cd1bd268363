#include "blocks/encoder_block.h"

#include "blocks/weights.h"
#include "ops/add.h"
#include "ops/gelu.h"

namespace understudy {

void EncoderBlock::forward(const Step& step, Rows x) const {
  const Context& context = step.context;
  ArenaScope scope(context.arena);
  const Linear* layers[] = {&q, &k, &v};
  const Rows qkv[] = {context.rows(x.rows, x.width), context.rows(x.rows, x.width),
                      context.rows(x.rows, x.width)};
  linear(context, x, layers, qkv);

  auto* sequences = context.arena.allocate<AttentionRows>(step.batch.sequences.size());
  size_t count = 0;
  for (const SequenceRows& s : step.batch.sequences)
    sequences[count++] = {s.row, s.rows, s.position, s.pages[0]};
  Rows mixed = context.rows(x.rows, x.width);
  attention(context, qkv[0], qkv[1], qkv[2], shape, {sequences, count}, mixed);
  add(context, x, linear(context, mixed, o), x);
  layer_norm(context, x, attention_norm, x);

  Rows wide = linear(context, x, up);
  gelu(context, wide, wide);
  add(context, x, linear(context, wide, down), x);
  layer_norm(context, x, mlp_norm, x);
}

Cost EncoderBlock::cost() const {
  Cost cost{.kind = "encoder layer"};
  count(cost, {&q, &k, &v, &o, &up, &down});
  for (const LayerNorm* norm : {&attention_norm, &mlp_norm}) {
    cost.parameters += static_cast<int64_t>(2 * norm->weight.size());
    cost.weight_bytes += static_cast<int64_t>(2 * norm->weight.size() * sizeof(float));
  }
  cost.key_multiply_adds = int64_t{2} * shape.heads * shape.head_width;
  return cost;
}

}  // namespace understudy
