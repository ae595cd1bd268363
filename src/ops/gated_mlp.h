// gated_mlp: y = (act(x Wg^T) * (x Wu^T)) Wd^T.
//
// Shapes    x (M, K); Wg, Wu (F, K); Wd (N, F); y (M, N)
// Numerics  those of linear, glu and linear. Prompt rows on sets with a matrix unit go from tile to tile: what lies between,
//           3 M F floats written and read, is larger than the second-level cache (SmolLM2, 256 rows: 4.7 MB)
// Backward  that of the three
#pragma once

#include "ops/glu.h"
#include "ops/linear.h"

namespace understudy {

Rows gated_mlp(const Context& context, Rows x, const Linear& gate, const Linear& up, Activation activation,
               const Linear& down);

}  // namespace understudy
