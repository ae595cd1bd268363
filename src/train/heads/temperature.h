// Temperature scaling: the one number by which logits are divided so that confidences on dev are right on average.
// C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017.
#pragma once

#include <cstddef>
#include <span>

namespace understudy {

inline constexpr double kMinTemperature = 0.05, kMaxTemperature = 20;

// Mean of -log p(label) of softmax(logits / temperature). logits is (rows, classes); 0 for no rows.
double softmax_loss(std::span<const double> logits, size_t classes, std::span<const int> labels,
                    double temperature);

// The temperature in [kMinTemperature, kMaxTemperature] with the smallest loss; unique, because the loss is convex in its
// inverse. 1 for no rows.
double fit_temperature(std::span<const double> logits, size_t classes, std::span<const int> labels);

}  // namespace understudy
