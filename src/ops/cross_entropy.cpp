#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

namespace understudy {

namespace {

constexpr size_t kLogitBytes = size_t{64} << 20;  // of a chunk: 340 rows of a vocabulary of 49,152
constexpr size_t kFewestRows = 128;               // fewer do not pay for unpacking the head in backward

// Logits of a row -> its loss, and scale * d(loss)/d(logits) in their place.
float differentiate(const KernelTable& kernels, float* z, int vocabulary, int32_t target, float scale) {
  const float wanted = z[target];
  float max, sum;
  kernels.softmax(z, vocabulary, &max, &sum);
  z[target] -= 1;
  for (int i = 0; i < vocabulary; i++) z[i] *= scale;
  return max + std::log(sum) - wanted;
}

}  // namespace

void cross_entropy(const Context& context, Rows x, const Linear& head, std::span<const int32_t> targets,
                   std::span<float> losses, float scale, Rows dx) {
  const int vocabulary = head.weight.rows();
  const size_t row_bytes = static_cast<size_t>(vocabulary) * sizeof(float);
  const int most = static_cast<int>(std::max(kLogitBytes / row_bytes, kFewestRows));
  const int chunks = std::max(1, (x.rows + most - 1) / most), chunk = (x.rows + chunks - 1) / chunks;
  for (int first = 0; first < x.rows; first += chunk) {
    ArenaScope scope(context.arena);
    Context part = context;
    part.prompt_rows = std::clamp(context.prompt_rows - first, 0, chunk);
    const Rows rows{x.row(first), std::min(chunk, x.rows - first), x.width};
    const Rows logits = linear(part, rows, head);
    context.each_row(rows.rows, 8 * vocabulary, [&](int row) {
      const auto at = static_cast<size_t>(first + row);
      losses[at] = differentiate(context.kernels, logits.row(row), vocabulary, targets[at], scale);
    });
    if (dx.data != nullptr) linear_backward(context, head, logits, {dx.row(first), rows.rows, dx.width});
  }
}

}  // namespace understudy
