#include "ops/rope.h"

#include <cmath>

namespace understudy {

Rope Rope::make(int dims, float theta, RopePairs pairs, std::span<const float> factors, float scale) {
  Rope rope{.inverse_frequency = {}, .pairs = pairs};
  for (int i = 0; i < dims / 2; i++) {
    double frequency = std::pow(static_cast<double>(theta), -2.0 * i / dims) / scale;
    if (!factors.empty()) frequency /= factors[static_cast<size_t>(i)];
    rope.inverse_frequency.push_back(static_cast<float>(frequency));
  }
  return rope;
}

Rows rope_angles(const Context& context, std::span<const int> positions, const Rope& rope) {
  const int n = static_cast<int>(rope.inverse_frequency.size()), rows = static_cast<int>(positions.size());
  const bool split = rope.pairs == RopePairs::split;
  const Rows angles{context.arena.allocate<float>(positions.size() * static_cast<size_t>(4 * n)), rows,
                    4 * n};  // cos, then sin
  constexpr int kWork = 16;  // of an angle, in those of a copied value
  context.each_row(rows, kWork * n, [&](int row) {
    float* cosine = angles.row(row);
    float* sine = cosine + 2 * n;
    for (int i = 0; i < n; i++) {
      const float angle = static_cast<float>(positions[static_cast<size_t>(row)]) *
                          rope.inverse_frequency[static_cast<size_t>(i)];
      const int a = split ? i : 2 * i, b = split ? i + n : 2 * i + 1;
      cosine[a] = cosine[b] = std::cos(angle);
      sine[b] = std::sin(angle);
      sine[a] = -sine[b];
    }
  });
  return angles;
}

namespace {

// direction 1 turns by the angle, -1 back.
void turn(const Context& context, Rows x, int head_width, Rows angles, RopePairs pairs, float direction) {
  const int n = angles.width / 4;
  context.each_row(x.rows, x.width, [&](int row) {
    context.kernels.rotate(x.row(row), x.width / head_width, head_width, n, pairs == RopePairs::adjacent,
                           angles.row(row), angles.row(row) + 2 * n, direction);
  });
}

}  // namespace

void rope(const Context& context, Rows x, int head_width, Rows angles, RopePairs pairs) {
  if (angles.width == 0) return;
  turn(context, x, head_width, angles, pairs, 1);
  if (context.tape == nullptr) return;
  context.tape->record(
      [=](const Context& on, Tape& tape) { turn(on, tape.gradient(x), head_width, angles, pairs, -1); });
}

}  // namespace understudy
