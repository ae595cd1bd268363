// Intervals and tests for one proportion.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/interval.h"

namespace understudy {

// Both intervals: hits of n >= 0 trials at a two-sided level in (0, 1), e.g. 0.95; within [0, 1], and [0, 1] when n = 0.

// Score interval without continuity correction. E. B. Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22 (1927).
Interval wilson(int64_t hits, int64_t n, double level);

// Exact interval: coverage is never below the level. C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial
// limits illustrated in the case of the binomial", Biometrika 26 (1934).
Interval clopper_pearson(int64_t hits, int64_t n, double level);

// hits / n (0 when n = 0) with its Wilson interval at 95 %.
Share share(int64_t hits, int64_t n);

// Holm's step-down adjustment: adjusted p-values in the order of `p`; those <= alpha are rejected with a family-wise error
// of at most alpha, whatever the dependence. S. Holm, "A simple sequentially rejective multiple test procedure",
// Scandinavian Journal of Statistics 6 (1979).
std::vector<double> holm(std::span<const double> p);

}  // namespace understudy
