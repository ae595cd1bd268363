#include "blocks/mlp_block.h"

#include "blocks/weights.h"
#include "ops/add.h"

namespace understudy {

void MlpBlock::forward(const Step& step, Rows x) const {
  const Context& context = step.context;
  ArenaScope scope(context.arena);
  Rows h = rms_norm(context, x, norm);
  const Linear* layers[] = {&gate, &up};
  const Rows wide[] = {context.rows(x.rows, gate.weight.rows()), context.rows(x.rows, up.weight.rows())};
  linear(context, h, layers, wide);
  glu(context, wide[0], wide[1], activation, wide[0]);
  Rows out = linear(context, wide[0], down);
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
