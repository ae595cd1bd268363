#include "ops/glu.h"

namespace understudy {

void glu(const Context& context, Rows gate, Rows up, Activation activation, Rows y) {
  auto kernel = activation == Activation::silu ? context.kernels.swiglu : context.kernels.geglu;
  context.each_row(gate.rows, gate.width,
                   [&](int row) { kernel(gate.row(row), up.row(row), gate.width, y.row(row)); });
}

}  // namespace understudy
