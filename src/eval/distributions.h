// The normal and the binomial distribution, safe at their edges. All functions are pure and thread-safe; arguments outside
// the stated ranges are clamped to them. Computed by Boost.Math.
#pragma once

#include <cstdint>

namespace understudy {

// The z with P(Z <= z) = p for a standard normal Z; p in [1e-300, 1 - 1e-16].
double normal_quantile(double p);

// P(X <= x) for X ~ Binomial(n, p); 0 for x < 0, 1 for x >= n. n >= 0, p in [0, 1].
double binomial_cdf(int64_t x, int64_t n, double p);

// The p at which P(X <= x) = probability for X ~ Binomial(n, p), 0 <= x < n; 1 for x >= n. It falls as probability rises.
double binomial_cdf_inverse(int64_t x, int64_t n, double probability);

}  // namespace understudy
