#include "ops/layer_norm.h"

#include <cmath>

namespace understudy {

void layer_norm(const Context& context, Rows x, const LayerNorm& norm, Rows y) {
  const int c = x.width;
  context.each_row(x.rows, 4 * c, [&](int row) {
    const float* in = x.row(row);
    float* out = y.row(row);
    double sum = 0, squares = 0;
    for (int i = 0; i < c; i++) sum += in[i];
    const auto mean = static_cast<float>(sum / c);
    for (int i = 0; i < c; i++) squares += static_cast<double>(in[i] - mean) * (in[i] - mean);
    const float inverse = 1.0f / std::sqrt(static_cast<float>(squares / c) + norm.eps);
    for (int i = 0; i < c; i++)
      out[i] =
          (in[i] - mean) * inverse * norm.weight[static_cast<size_t>(i)] + norm.bias[static_cast<size_t>(i)];
  });
}

}  // namespace understudy
