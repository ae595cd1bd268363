// Platt scaling: a model's own probability of its answer as the share of such
// answers that are right. J. Platt, "Probabilistic outputs for support vector
// machines", 1999; with its smoothed targets.
#pragma once

#include <span>

namespace understudy {

struct PlattScale {
  double slope = 1, offset = 0;

  // sigmoid(slope logit(p) + offset); p is kept away from 0 and 1 by 1e-9.
  double operator()(double p) const;
};

struct ScoredOutcome {
  double p = 0;  // in [0, 1]
  bool right = false;
};

// The scale with the largest likelihood of the outcomes; it never turns the
// order around (slope >= 0). The identity for none.
PlattScale fit_platt(std::span<const ScoredOutcome> outcomes);

}  // namespace understudy
