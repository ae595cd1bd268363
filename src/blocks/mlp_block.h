// MlpBlock: x += [post_norm] down( act(gate(h)) * up(h) ), h = norm(x).
#pragma once

#include <optional>

#include "blocks/block.h"
#include "ops/gated_mlp.h"
#include "ops/rms_norm.h"

namespace understudy {

class MlpBlock : public Block {
 public:
  RmsNorm norm;           // (C)
  Linear gate, up, down;  // (F, C), (F, C), (C, F)
  Activation activation = Activation::silu;
  std::optional<RmsNorm> post_norm;  // (C)

  void forward(const Step& step, Rows x) const override;
  Cost cost() const override;
  bool has_backward() const override { return true; }
};

}  // namespace understudy
