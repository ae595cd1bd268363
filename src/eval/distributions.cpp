#include "eval/distributions.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

namespace understudy {
namespace {

// Boost.Math throws by default; arguments are clamped, so this is for results that round to 0 or 1.
namespace policies = boost::math::policies;
using Quiet = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>, policies::evaluation_error<policies::ignore_error>>;

}  // namespace

double normal_quantile(double p) {
  p = std::clamp(p, 1e-300, 1 - 1e-16);
  return -std::sqrt(2.0) * boost::math::erfc_inv(2 * p, Quiet());
}

double binomial_cdf(int64_t x, int64_t n, double p) {
  if (x < 0) return 0;
  if (x >= n) return 1;
  p = std::clamp(p, 0.0, 1.0);
  if (p == 0) return 1;
  if (p == 1) return 0;
  // P(X <= x) = I_{1-p}(n - x, x + 1); NIST DLMF 8.17.5.
  return boost::math::ibetac(static_cast<double>(x + 1), static_cast<double>(n - x), p, Quiet());
}

double binomial_cdf_inverse(int64_t x, int64_t n, double probability) {
  if (x >= n) return 1;
  probability = std::clamp(probability, 0.0, 1.0);
  const auto a = static_cast<double>(std::max<int64_t>(x, 0) + 1), b = static_cast<double>(n) - (a - 1);
  return boost::math::ibetac_inv(a, b, probability, Quiet());
}

}  // namespace understudy
