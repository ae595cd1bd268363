#include "blocks/short_conv_block.h"

#include "blocks/weights.h"
#include "ops/add.h"
#include "ops/short_conv.h"

namespace understudy {

void ShortConvBlock::forward(const Step& step, Rows x) const {
  const Context& context = step.context;
  ArenaScope scope(context.arena);
  Rows bcx = linear(context, rms_norm(context, x, norm), in);
  auto* sequences = context.arena.allocate<ShortConvRows>(step.batch.sequences.size());
  size_t count = 0;
  for (const SequenceRows& s : step.batch.sequences) {
    sequences[count++] = {s.row, s.rows, reinterpret_cast<float*>(s.snapshot + offset_)};
  }
  Rows mixed = context.rows(x.rows, x.width);
  short_conv(context, bcx, taps, length, {sequences, count}, mixed);
  add(context, x, linear(context, mixed, out), x);
}

Cost ShortConvBlock::cost() const {
  Cost cost{.kind = "short_conv"};
  count(cost, {&in, &out});
  count(cost, norm);
  const auto weights = static_cast<int64_t>(taps.size());
  cost.parameters += weights;
  cost.multiply_adds += weights;
  cost.weight_bytes += weights * static_cast<int64_t>(sizeof(float));
  cost.snapshot_bytes = static_cast<int64_t>(snapshot_bytes());
  return cost;
}

}  // namespace understudy
