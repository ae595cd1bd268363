// gelu: y = x * Phi(x), with the normal distribution function Phi (not its tanh approximation).
//
// Shapes    x, y (M, F); y may be x
// Source    Hendrycks and Gimpel 2016, "Gaussian Error Linear Units"
#pragma once

#include "ops/context.h"

namespace understudy {

void gelu(const Context& context, Rows x, Rows y);

}  // namespace understudy
