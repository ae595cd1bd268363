#include "eval/paired.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "eval/distributions.h"

namespace understudy {
namespace {

// Tango's score statistic at a hypothetical difference; falls from +inf to -inf as `difference` goes from -1 to 1.
// Eq. (3.6) and (3.7): q is the maximum likelihood estimate of the probability of a loss, given the difference.
double score(const PairedCounts& counts, double difference) {
  const auto n = static_cast<double>(counts.n), gains = static_cast<double>(counts.gains),
             losses = static_cast<double>(counts.losses);
  const double a = 2 * n, b = -gains - losses + (2 * n - gains + losses) * difference,
               c = -losses * difference * (1 - difference);
  const double q = (std::sqrt(std::max(0.0, b * b - 4 * a * c)) - b) / (2 * a);
  const double variance = n * (2 * q + difference * (1 - difference));
  const double distance = gains - losses - n * difference;
  if (variance > 0) return distance / std::sqrt(variance);
  if (distance == 0) return 0;
  return distance > 0 ? HUGE_VAL : -HUGE_VAL;
}

// Uniform in [0, n): Lemire's multiplication without its rejection step, whose bias here is below n / 2^64.
size_t draw(std::mt19937_64& random, size_t n) {
  return static_cast<size_t>((static_cast<unsigned __int128>(random()) * n) >> 64);
}

}  // namespace

double tango_lower(const PairedCounts& counts, double one_sided_level) {
  if (counts.n <= 0) return -1;
  const double z = normal_quantile(one_sided_level);
  double low = -1, high = counts.difference();
  while (high - low > 1e-12) {
    const double middle = low + (high - low) / 2;
    (score(counts, middle) > z ? low : high) = middle;
  }
  return low;
}

double tango_upper(const PairedCounts& counts, double one_sided_level) {
  return -tango_lower({counts.n, counts.losses, counts.gains}, one_sided_level);
}

double mcnemar_exact(const PairedCounts& counts) {
  const int64_t discordant = counts.gains + counts.losses;
  return std::min(1.0, 2 * binomial_cdf(std::min(counts.gains, counts.losses), discordant, 0.5));
}

Interval paired_bootstrap(std::span<const double> differences, std::span<const double> weights, double level,
                          int resamples, uint64_t seed) {
  const size_t n = differences.size();
  if (n == 0 || resamples < 1) return {};
  std::mt19937_64 random(seed);
  std::vector<double> means;
  means.reserve(static_cast<size_t>(resamples));
  for (int i = 0; i < resamples; i++) {
    double sum = 0, weight = 0;
    for (size_t k = 0; k < n; k++) {
      const size_t row = draw(random, n);
      sum += weights[row] * differences[row];
      weight += weights[row];
    }
    means.push_back(weight > 0 ? sum / weight : 0);
  }
  std::sort(means.begin(), means.end());
  // Order statistics at both tails, taken outwards.
  const double tail = (1 - level) / 2 * static_cast<double>(resamples);
  const auto cut = static_cast<size_t>(std::clamp(std::floor(tail), 0.0, static_cast<double>(resamples - 1)));
  return {means[cut], means[means.size() - 1 - cut]};
}

}  // namespace understudy
