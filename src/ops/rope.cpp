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

namespace {

// direction 1 turns by the angle, -1 back.
void turn(const Context& context, Rows x, int head_width, std::span<const int> positions, const Rope& rope,
          float direction) {
  const int n = static_cast<int>(rope.inverse_frequency.size());
  const bool split = rope.pairs == RopePairs::split;
  ArenaScope scope(context.arena);
  const Rows angles{context.arena.allocate<float>(static_cast<size_t>(x.rows) * static_cast<size_t>(2 * n)),
                    x.rows, 2 * n};  // cos, then sin
  context.each_row(x.rows, x.width, [&](int row) {
    float* cosine = angles.row(row);
    float* sine = cosine + n;
    for (int i = 0; i < n; i++) {
      float angle = static_cast<float>(positions[static_cast<size_t>(row)]) *
                    rope.inverse_frequency[static_cast<size_t>(i)];
      cosine[i] = std::cos(angle);
      sine[i] = direction * std::sin(angle);
    }
    for (float* head = x.row(row); head < x.row(row) + x.width; head += head_width) {
      for (int i = 0; i < n; i++) {
        float& a = head[split ? i : 2 * i];
        float& b = head[split ? i + n : 2 * i + 1];
        float turned = a * cosine[i] - b * sine[i];
        b = a * sine[i] + b * cosine[i];
        a = turned;
      }
    }
  });
}

}  // namespace

void rope(const Context& context, Rows x, int head_width, std::span<const int> positions, const Rope& rope) {
  turn(context, x, head_width, positions, rope, 1);
  if (context.tape == nullptr) return;
  context.tape->record([=, &rope](const Context& on, Tape& tape) {
    turn(on, tape.gradient(x), head_width, positions, rope, -1);
  });
}

}  // namespace understudy
