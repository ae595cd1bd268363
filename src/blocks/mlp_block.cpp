#include "blocks/mlp_block.h"

#include "blocks/weights.h"
#include "ops/add.h"

namespace understudy {

void MlpBlock::forward(const Step& step, Rows x) const {
  const Context& context = step.context;
  ArenaScope scope(context.arena);
  Rows h = rms_norm(context, x, norm);
  Rows out = gated_mlp(context, h, gate, up, activation, down);
  if (post_norm) rms_norm(context, out, *post_norm, out);
  add(context, x, out, x);
}

Cost MlpBlock::cost() const {
  Cost cost{.kind = "mlp"};
  count(cost, {&gate, &up, &down});
  count(cost, norm);
  if (post_norm) count(cost, *post_norm);
  return cost;
}

}  // namespace understudy
