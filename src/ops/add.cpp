#include "ops/add.h"

namespace understudy {

void add(const Context& context, Rows a, Rows b, Rows y) {
  context.each_row(a.rows, a.width,
                   [&](int row) { context.kernels.add(a.row(row), b.row(row), a.width, y.row(row)); });
}

}  // namespace understudy
