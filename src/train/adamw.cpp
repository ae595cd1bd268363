#include "train/adamw.h"

#include <cmath>

namespace understudy {

void adamw_step(const AdamWOptions& options, float rate, std::span<const float> gradient,
                float gradient_scale, AdamWState& state, std::span<float> values) {
  state.steps++;
  const auto t = static_cast<double>(state.steps);
  const auto correction1 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(options.beta1), t)));
  const auto correction2 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(options.beta2), t)));
  const float new1 = 1 - options.beta1, new2 = 1 - options.beta2;
  for (size_t i = 0; i < values.size(); i++) {
    const float g = gradient_scale * gradient[i];
    const float m = state.first[i] = options.beta1 * state.first[i] + new1 * g;
    const float v = state.second[i] = options.beta2 * state.second[i] + new2 * g * g;
    const float direction = m * correction1 / (std::sqrt(v * correction2) + options.epsilon);
    values[i] -= rate * (direction + options.weight_decay * values[i]);
  }
}

float clip_scale(double norm, float largest) {
  return norm > static_cast<double>(largest) ? static_cast<float>(static_cast<double>(largest) / norm) : 1.0f;
}

double norm_of(std::span<const float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

}  // namespace understudy
