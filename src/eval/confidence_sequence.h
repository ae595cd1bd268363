// A mean watched for as long as one likes (P11): the interval holds at all times at once, so looking after every value and
// stopping on what is seen costs nothing. An interval computed anew at every look has no such guarantee.
#pragma once

#include <cstdint>
#include <vector>

#include "eval/interval.h"

namespace understudy {

// Values in [low, high] whose conditional mean, given the past, is constant. P(the mean ever leaves interval()) <= alpha: no
// asymptotics, no independence needed. Hedged capital with predictable plug-in bets (theorem 3): I. Waudby-Smith,
// A. Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024).
// One owner at a time. A value costs O(kGrid) time; the memory is 32 KB.
class ConfidenceSequence {
 public:
  // low < high, alpha in (0, 1).
  ConfidenceSequence(double low, double high, double alpha);

  // `value` is clamped to [low, high].
  void add(double value);

  int64_t count() const { return count_; }
  // Never grows; starts as [low, high]. Its ends lie on a grid of kGrid steps and are rounded outwards.
  Interval interval() const;

 private:
  static constexpr int kGrid =
      2000;  // steps; 0.001 for differences in [-1, 1], a twentieth of the usual margin

  double low_, width_, alpha_;
  int64_t count_ = 0;
  double sum_ = 0.5;       // of values scaled to [0, 1], with half a pseudo-value: the first bet needs a mean
  double squares_ = 0.25;  // of distances to the running mean, likewise
  std::vector<double> up_,
      down_;  // capital of a better on "mean above m" and on "below", for every m of the grid
  int first_ = 0, last_ = kGrid;  // the means not excluded yet
};

}  // namespace understudy
