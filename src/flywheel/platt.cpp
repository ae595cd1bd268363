#include "flywheel/platt.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "train/heads/lbfgs.h"

namespace understudy {
namespace {

constexpr double kEdge = 1e-9;

double logit(double p) {
  const double inside = std::clamp(p, kEdge, 1 - kEdge);
  return std::log(inside / (1 - inside));
}

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

// -log of the likelihood of a target in [0, 1] at x, without overflow.
double loss(double x, double target) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))) - target * x;
}

}  // namespace

double PlattScale::operator()(double p) const { return sigmoid(slope * logit(p) + offset); }

PlattScale fit_platt(std::span<const ScoredOutcome> outcomes) {
  if (outcomes.empty()) return {};
  double right = 0;
  for (const ScoredOutcome& outcome : outcomes) right += outcome.right ? 1 : 0;
  const double wrong = static_cast<double>(outcomes.size()) - right;
  const double high = (right + 1) / (right + 2), low = 1 / (wrong + 2);
  const double n = static_cast<double>(outcomes.size());
  const auto objective = [&](std::span<const double> x, std::span<double> gradient) {
    double sum = 0;
    gradient[0] = gradient[1] = 0;
    for (const ScoredOutcome& outcome : outcomes) {
      const double score = logit(outcome.p), target = outcome.right ? high : low;
      const double at = x[0] * score + x[1], residual = sigmoid(at) - target;
      sum += loss(at, target);
      gradient[0] += residual * score / n;
      gradient[1] += residual / n;
    }
    return sum / n;
  };
  std::array<double, 2> x{1, 0};
  minimise_lbfgs(objective, x, {});
  if (x[0] >= 0) return {x[0], x[1]};
  return {0, std::log(high * right + low * wrong) - std::log(n - high * right - low * wrong)};
}

}  // namespace understudy
