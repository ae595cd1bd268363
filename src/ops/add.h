// add: y = a + b, row by row (the residual stream). Shapes a, b, y (M, C); y may be a or b.
// Backward: da += dy, db += dy.
#pragma once

#include "ops/context.h"

namespace understudy {

void add(const Context& context, Rows a, Rows b, Rows y);

}  // namespace understudy
