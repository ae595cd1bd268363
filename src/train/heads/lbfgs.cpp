#include "train/heads/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

namespace understudy {
namespace {

constexpr double kSufficientDecrease = 1e-4,
                 kCurvature = 0.9;  // c1 and c2, the book's choice for quasi-Newton methods
constexpr int kMaxLineEvaluations = 30;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
  return sum;
}

double largest(std::span<const double> a) {
  double norm = 0;
  for (const double value : a) norm = std::max(norm, std::abs(value));
  return norm;
}

// One step and what the gradient did over it.
struct Pair {
  std::vector<double> step, change;
  double product;  // step . change > 0
};

// direction = -H gradient.
void two_loop(const std::deque<Pair>& history, std::span<const double> gradient,
              std::span<double> direction) {
  std::vector<double> alpha(history.size());
  for (size_t i = 0; i < gradient.size(); i++) direction[i] = -gradient[i];
  for (size_t k = history.size(); k-- > 0;) {
    const Pair& pair = history[k];
    alpha[k] = dot(pair.step, direction) / pair.product;
    for (size_t i = 0; i < direction.size(); i++) direction[i] -= alpha[k] * pair.change[i];
  }
  if (!history.empty()) {
    const Pair& last = history.back();
    const double scale = last.product / dot(last.change, last.change);  // eq. (7.20)
    for (double& value : direction) value *= scale;
  }
  for (size_t k = 0; k < history.size(); k++) {
    const Pair& pair = history[k];
    const double beta = dot(pair.change, direction) / pair.product;
    for (size_t i = 0; i < direction.size(); i++) direction[i] += (alpha[k] - beta) * pair.step[i];
  }
}

// The function along one direction.
struct LinePoint {
  double length = 0, value = 0, slope = 0;
};

class LineSearch {
 public:
  LineSearch(const Objective& objective, std::span<const double> x, std::span<const double> direction,
             std::span<double> trial, std::span<double> gradient)
      : objective_(objective), x_(x), direction_(direction), trial_(trial), gradient_(gradient) {}

  // A point that satisfies the strong Wolfe conditions; trial and gradient hold it. False if none was found, which near the
  // minimum means that differences of values have drowned in rounding.
  bool run(LinePoint start, double first_length, LinePoint& accepted) {
    start_ = start;
    LinePoint before = start;
    for (double length = first_length; evaluations_ < kMaxLineEvaluations; length *= 2) {
      const LinePoint now = at(length);
      if (!std::isfinite(now.value)) return zoom(before, now, accepted);
      if (!decreases(now) || (before.length > 0 && now.value >= before.value))
        return zoom(before, now, accepted);
      if (flat(now)) return accepted = now, true;
      if (now.slope >= 0) return zoom(now, before, accepted);
      before = now;
    }
    return false;
  }

  int evaluations() const { return evaluations_; }

 private:
  LinePoint at(double length) {
    for (size_t i = 0; i < x_.size(); i++) trial_[i] = x_[i] + length * direction_[i];
    evaluations_++;
    const double value = objective_(trial_, gradient_);
    return {length, value, dot(gradient_, direction_)};
  }

  bool decreases(const LinePoint& point) const {
    return point.value <= start_.value + kSufficientDecrease * point.length * start_.slope;
  }
  bool flat(const LinePoint& point) const { return std::abs(point.slope) <= -kCurvature * start_.slope; }

  // `low` decreases and has the smallest value so far; a good point lies between the two.
  bool zoom(LinePoint low, LinePoint high, LinePoint& accepted) {
    while (evaluations_ < kMaxLineEvaluations) {
      const LinePoint now = at(between(low, high));
      if (!std::isfinite(now.value) || !decreases(now) || now.value >= low.value) {
        high = now;
        continue;
      }
      if (flat(now)) return accepted = now, true;
      if (now.slope * (high.length - low.length) >= 0) high = low;
      low = now;
    }
    return false;
  }

  // The minimum of the cubic through both points (eq. 3.59), kept off the ends by a tenth; the middle where there is none.
  static double between(const LinePoint& low, const LinePoint& high) {
    const double span = high.length - low.length;
    double found = low.length + span / 2;
    if (std::isfinite(high.value) && std::isfinite(high.slope)) {
      const double d1 = low.slope + high.slope - 3 * (low.value - high.value) / (low.length - high.length);
      const double square = d1 * d1 - low.slope * high.slope;
      if (square >= 0) {
        const double d2 = std::copysign(std::sqrt(square), span);
        const double cubic = high.length - span * (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
        if (std::isfinite(cubic)) found = cubic;
      }
    }
    const double margin = std::abs(span) / 10;
    return std::clamp(found, std::min(low.length, high.length) + margin,
                      std::max(low.length, high.length) - margin);
  }

  const Objective& objective_;
  std::span<const double> x_, direction_;
  std::span<double> trial_, gradient_;
  LinePoint start_;
  int evaluations_ = 0;
};

}  // namespace

LbfgsResult minimise_lbfgs(const Objective& objective, std::span<double> x, const LbfgsOptions& options) {
  const size_t n = x.size();
  std::vector<double> gradient(n), direction(n), trial(n), trial_gradient(n);
  std::deque<Pair> history;
  LbfgsResult result;
  result.value = objective(x, gradient);
  result.evaluations = 1;
  result.gradient_norm = largest(gradient);
  while (result.iterations < options.max_iterations && result.gradient_norm > options.gradient_tolerance) {
    two_loop(history, gradient, direction);
    const double slope = dot(gradient, direction);
    if (!(slope < 0)) break;
    // Without curvature a first step of length 1 may be far off.
    const double first_length = history.empty() ? std::min(1.0, 1 / std::sqrt(dot(gradient, gradient))) : 1;
    LineSearch search(objective, x, direction, trial, trial_gradient);
    LinePoint accepted;
    const bool found = search.run({0, result.value, slope}, first_length, accepted);
    result.evaluations += search.evaluations();
    if (!found) {
      if (history.empty()) break;
      history.clear();  // once more along the gradient before giving up
      continue;
    }
    Pair pair{std::vector<double>(n), std::vector<double>(n), 0};
    for (size_t i = 0; i < n; i++) {
      pair.step[i] = trial[i] - x[i];
      pair.change[i] = trial_gradient[i] - gradient[i];
    }
    pair.product = dot(pair.step, pair.change);
    std::copy(trial.begin(), trial.end(), x.begin());
    gradient.swap(trial_gradient);
    result.value = accepted.value;
    result.gradient_norm = largest(gradient);
    result.iterations++;
    if (pair.product > 0) {
      history.push_back(std::move(pair));
      if (static_cast<int>(history.size()) > options.history) history.pop_front();
    }
  }
  result.converged = result.gradient_norm <= options.gradient_tolerance;
  return result;
}

}  // namespace understudy
