#include "ops/short_conv.h"

#include <cstring>

namespace understudy {

void short_conv(const Context& context, Rows bcx, std::span<const float> weight, int taps,
                std::span<const ShortConvRows> sequences, Rows y) {
  const int c = y.width, kept = taps - 1;
  context.pool.run(static_cast<int>(sequences.size()), [&](int s) {
    const ShortConvRows& sequence = sequences[static_cast<size_t>(s)];
    for (int t = sequence.row; t < sequence.row + sequence.rows; t++) {
      const float* b = bcx.row(t);
      const float* gate = b + c;
      const float* x = b + 2 * c;
      float* out = y.row(t);
      for (int j = 0; j < c; j++) {
        const float u = b[j] * x[j];
        float sum = 0;
        for (int i = 0; i < kept; i++)
          sum += weight[static_cast<size_t>(j * taps + i)] * sequence.tail[i * c + j];
        out[j] = gate[j] * (sum + weight[static_cast<size_t>(j * taps + kept)] * u);
        for (int i = 0; i + 1 < kept; i++) sequence.tail[i * c + j] = sequence.tail[(i + 1) * c + j];
        if (kept > 0) sequence.tail[(kept - 1) * c + j] = u;
      }
    }
  });
}

}  // namespace understudy
