#include "eval/confidence_sequence.h"

#include <algorithm>
#include <cmath>

namespace understudy {

ConfidenceSequence::ConfidenceSequence(double low, double high, double alpha)
    : low_(low), width_(high - low), alpha_(alpha), up_(kGrid + 1, 1.0), down_(kGrid + 1, 1.0) {}

void ConfidenceSequence::add(double value) {
  const double x = std::clamp((value - low_) / width_, 0.0, 1.0);
  // The bet is set by what was seen before x (eq. 26 of the paper): smaller when values vary more or more have come.
  const auto t = static_cast<double>(count_ + 1);
  const double variance = squares_ / t;
  const double bet = std::sqrt(2 * std::log(2 / alpha_) / (variance * t * std::log(1 + t)));
  const double excluded = 2 / alpha_;  // half the money is on either side
  for (int i = first_; i <= last_; i++) {
    const auto at = static_cast<size_t>(i);
    const double m = static_cast<double>(i) / kGrid;
    // A bet never risks more than half of its capital, so capital stays positive.
    const double up = m > 0 ? std::min(bet, 0.5 / m) : bet, down = m < 1 ? std::min(bet, 0.5 / (1 - m)) : bet;
    up_[at] *= 1 + up * (x - m);
    down_[at] *= 1 - down * (x - m);
  }
  while (first_ < last_ &&
         std::max(up_[static_cast<size_t>(first_)], down_[static_cast<size_t>(first_)]) >= excluded)
    first_++;
  while (last_ > first_ &&
         std::max(up_[static_cast<size_t>(last_)], down_[static_cast<size_t>(last_)]) >= excluded)
    last_--;
  count_++;
  sum_ += x;
  const double mean = sum_ / static_cast<double>(count_ + 1);
  squares_ += (x - mean) * (x - mean);
}

Interval ConfidenceSequence::interval() const {
  // The mean may lie between grid points: one step outwards.
  const double first = static_cast<double>(std::max(first_ - 1, 0)) / kGrid;
  const double last = static_cast<double>(std::min(last_ + 1, kGrid)) / kGrid;
  return {low_ + width_ * first, low_ + width_ * last};
}

}  // namespace understudy
