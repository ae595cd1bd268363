// EncoderBlock: a whole layer of a BERT-like encoder, with its norms behind the residual sums:
// x = attention_norm( x + o( attention( q(x), k(x), v(x) ) ) ), then x = mlp_norm( x + down( gelu( up(x) ) )
// ).
#pragma once

#include "blocks/block.h"
#include "ops/attention.h"
#include "ops/layer_norm.h"
#include "ops/linear.h"

namespace understudy {

class EncoderBlock : public Block {
 public:
  Linear q, k, v, o;                   // (C, C) each, H heads of width D
  LayerNorm attention_norm, mlp_norm;  // (C)
  Linear up, down;                     // (F, C), (C, F)
  AttentionShape shape;                // not causal

  void forward(const Step& step, Rows x) const override;
  Cost cost() const override;
  // Keys and values live only as long as the step: all blocks of a network may use the same pages.
  std::optional<PagedState> paged_state() const override { return PagedState{0, shape.page_bytes()}; }
};

}  // namespace understudy
