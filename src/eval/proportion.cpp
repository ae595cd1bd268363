#include "eval/proportion.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/distributions.h"

namespace understudy {

Interval wilson(int64_t hits, int64_t n, double level) {
  if (n <= 0) return {0, 1};
  const double z = normal_quantile(1 - (1 - level) / 2), count = static_cast<double>(n);
  const double p = static_cast<double>(hits) / count, shrink = z * z / count;
  const double centre = (p + shrink / 2) / (1 + shrink);
  const double half = z * std::sqrt(p * (1 - p) / count + shrink / (4 * count)) / (1 + shrink);
  // At 0 and n the bound is 0 and 1 in exact arithmetic.
  return {hits <= 0 ? 0 : std::max(0.0, centre - half), hits >= n ? 1 : std::min(1.0, centre + half)};
}

Interval clopper_pearson(int64_t hits, int64_t n, double level) {
  if (n <= 0) return {0, 1};
  const double tail = (1 - level) / 2;
  return {hits <= 0 ? 0 : binomial_cdf_inverse(hits - 1, n, 1 - tail),
          hits >= n ? 1 : binomial_cdf_inverse(hits, n, tail)};
}

Share share(int64_t hits, int64_t n) {
  return {hits, n, n > 0 ? static_cast<double>(hits) / static_cast<double>(n) : 0, wilson(hits, n, 0.95)};
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); rank++) {
    largest = std::max(largest, static_cast<double>(p.size() - rank) * p[order[rank]]);
    adjusted[order[rank]] = std::min(1.0, largest);
  }
  return adjusted;
}

}  // namespace understudy
