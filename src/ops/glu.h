// glu: y = act(gate) * up with act = SiLU (SwiGLU) or tanh-GELU (GeGLU).
//
// Shapes    gate, up, y (M, F); y may be gate
// Backward  dup += dy act(gate), dgate += dy up act'(gate)
// Source    Shazeer 2020, "GLU Variants Improve Transformer"
#pragma once

#include "ops/context.h"

namespace understudy {

enum class Activation { silu, gelu_tanh };

void glu(const Context& context, Rows gate, Rows up, Activation activation, Rows y);

}  // namespace understudy
