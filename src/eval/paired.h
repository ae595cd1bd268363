// Two answerers compared on the same rows.
#pragma once

#include <cstdint>
#include <span>

#include "eval/interval.h"

namespace understudy {

// Of n rows the policy alone is right on `gains`, the incumbent alone on `losses`; on all others they are right or wrong
// together. gains, losses >= 0, gains + losses <= n.
struct PairedCounts {
  int64_t n = 0, gains = 0, losses = 0;

  double difference() const {
    return n > 0 ? static_cast<double>(gains - losses) / static_cast<double>(n) : 0;
  }
  double discordant_share() const {
    return n > 0 ? static_cast<double>(gains + losses) / static_cast<double>(n) : 0;
  }
};

// Score intervals for the difference of the shares of right answers, policy - incumbent, in [-1, 1]; [-1, 1] when n = 0.
// A bound is where Tango's statistic, with the discordant probability estimated under that difference, reaches the normal
// quantile; found by bisection to 1e-12. It has no gaps at 0 discordant or all discordant rows.
// T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
// Statistics in Medicine 17 (1998) 891-908.
double tango_lower(const PairedCounts& counts, double one_sided_level);  // level in (0.5, 1), e.g. 0.95
double tango_upper(const PairedCounts& counts, double one_sided_level);

// Two-sided p-value of McNemar's exact conditional test; 1 without discordant rows. Q. McNemar, Psychometrika 12 (1947).
double mcnemar_exact(const PairedCounts& counts);

// Percentile bootstrap (B. Efron, Annals of Statistics 7, 1979) of a weighted mean difference: rows are drawn with
// replacement `resamples` times. `differences` and `weights` (>= 0, some > 0) are of equal size; {0, 0} when empty. The same
// seed gives the same interval on every machine. O(rows * resamples) time.
Interval paired_bootstrap(std::span<const double> differences, std::span<const double> weights, double level,
                          int resamples, uint64_t seed);

}  // namespace understudy
