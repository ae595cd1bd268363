#include "ops/rms_norm.h"

namespace understudy {

void rms_norm(const Context& context, Rows x, const RmsNorm& norm, Rows y) {
  const int c = static_cast<int>(norm.weight.size());
  context.each_row(x.rows, x.width, [&](int row) {
    for (int at = 0; at < x.width; at += c) {
      context.kernels.rms_norm(x.row(row) + at, norm.weight.data(), c, norm.eps, y.row(row) + at);
    }
  });
}

}  // namespace understudy
