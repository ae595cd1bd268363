#include "blocks/attention_block.h"

#include "blocks/weights.h"
#include "ops/add.h"

namespace understudy {

static_assert(kPageTokens == kPageKeys, "a page of a sequence is a page of the attention kernel");

void AttentionBlock::forward(const Step& step, Rows x) const {
  const Context& context = step.context;
  ArenaScope scope(context.arena);
  const int m = x.rows;
  Rows h = rms_norm(context, x, norm);

  const Linear* layers[] = {&q, &k, &v};
  const Rows qkv[] = {context.rows(m, q.weight.rows()), context.rows(m, k.weight.rows()),
                      context.rows(m, v.weight.rows())};
  linear(context, h, layers, qkv);
  if (q_norm) rms_norm(context, qkv[0], *q_norm, qkv[0]);
  if (k_norm) rms_norm(context, qkv[1], *k_norm, qkv[1]);
  const Rows angles = step.angles[rope_];
  understudy::rope(context, qkv[0], shape.head_width, angles, rope.pairs);
  understudy::rope(context, qkv[1], shape.head_width, angles, rope.pairs);

  auto* sequences = context.arena.allocate<AttentionRows>(step.batch.sequences.size());
  size_t count = 0;
  for (const SequenceRows& s : step.batch.sequences) {
    sequences[count++] = {s.row, s.rows, s.position, s.pages[static_cast<size_t>(group_)]};
  }
  Rows mixed = context.rows(m, q.weight.rows());
  attention(context, qkv[0], qkv[1], qkv[2], shape, {sequences, count}, mixed);

  Rows out = linear(context, mixed, o);
  if (post_norm) rms_norm(context, out, *post_norm, out);
  add(context, x, out, x);
}

Cost AttentionBlock::cost() const {
  Cost cost{.kind = "attention"};
  count(cost, {&q, &k, &v, &o});
  count(cost, norm);
  for (const auto* extra : {&q_norm, &k_norm, &post_norm}) {
    if (*extra) count(cost, **extra);
  }
  cost.key_multiply_adds = int64_t{2} * shape.heads * shape.head_width;
  cost.window = shape.window;
  cost.paged_bytes_a_token = static_cast<int64_t>(shape.page_bytes()) / kPageKeys;
  return cost;
}

}  // namespace understudy
