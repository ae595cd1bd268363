#include "train/heads/temperature.h"

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

struct RowLoss {
  double value = 0, slope = 0;  // by the inverse temperature
};

RowLoss row_loss(std::span<const double> z, size_t label, double inverse) {
  const double largest = *std::max_element(z.begin(), z.end());
  double sum = 0, weighted = 0;
  for (const double logit : z) {
    const double e = std::exp((logit - largest) * inverse);
    sum += e;
    weighted += e * (logit - z[label]);  // differences first: a tiny slope must keep its sign
  }
  return {std::log(sum) + (largest - z[label]) * inverse, weighted / sum};
}

RowLoss mean_loss(std::span<const double> logits, size_t classes, std::span<const int> labels,
                  double inverse) {
  RowLoss mean;
  for (size_t i = 0; i < labels.size(); i++) {
    const RowLoss row =
        row_loss(logits.subspan(i * classes, classes), static_cast<size_t>(labels[i]), inverse);
    mean.value += row.value / static_cast<double>(labels.size());
    mean.slope += row.slope / static_cast<double>(labels.size());
  }
  return mean;
}

}  // namespace

double softmax_loss(std::span<const double> logits, size_t classes, std::span<const int> labels,
                    double temperature) {
  return mean_loss(logits, classes, labels, 1 / temperature).value;
}

double fit_temperature(std::span<const double> logits, size_t classes, std::span<const int> labels) {
  if (labels.empty()) return 1;
  // The slope rises with the inverse: bisection on its sign, in the logarithm.
  double low = std::log(1 / kMaxTemperature), high = std::log(1 / kMinTemperature);
  for (int step = 0; step < 50; step++) {
    const double middle = (low + high) / 2;
    (mean_loss(logits, classes, labels, std::exp(middle)).slope < 0 ? low : high) = middle;
  }
  return std::exp(-(low + high) / 2);
}

}  // namespace understudy
