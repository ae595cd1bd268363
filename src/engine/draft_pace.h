// DraftPace: how many drafted tokens are worth their rows. A step that is bound by reading the weights costs hardly more
// with some rows (on two AVX2 cores 1.1 to 1.5 times as much with four as with one); one that is bound by arithmetic
// does. So the cost of a step is measured, by its rows. Not thread-safe.
#pragma once

#include <array>
#include <span>

namespace understudy {

class DraftPace {
 public:
  // A step of so many generated rows and no others took `ms`.
  void took(int rows, double ms);

  // How many drafted rows, a row for each of `chances` at most, bring the most tokens a millisecond; 0 where that is
  // hardly more. The step has `rows` rows without them, from which `tokens` tokens are expected; a drafted token is
  // right with its chance if those before it are.
  int rows_worth(int rows, double tokens, std::span<const double> chances) const;

 private:
  static constexpr int kMostRows = 64;  // steps of more draft nothing

  double expected_ms(int rows) const;

  std::array<double, kMostRows + 1> ms_{};  // by rows; 0: not measured
};

}  // namespace understudy
