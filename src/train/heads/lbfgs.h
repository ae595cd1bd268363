// L-BFGS for smooth functions of many variables. J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed., 2006: two-loop
// recursion (algorithm 7.4), strong Wolfe line search (algorithms 3.5 and 3.6).
#pragma once

#include <functional>
#include <span>

namespace understudy {

// The value at x; writes the gradient. Both spans have the same size.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct LbfgsOptions {
  int history = 10;  // pairs that stand for the inverse Hessian
  int max_iterations = 500;
  double gradient_tolerance = 1e-6;  // of the largest component's magnitude
};

struct LbfgsResult {
  double value = 0;
  double gradient_norm = 0;  // largest magnitude of a component
  int iterations = 0, evaluations = 0;
  bool converged = false;  // gradient_norm <= gradient_tolerance; otherwise x is the best point found
};

// Minimises from x, which is overwritten. The same inputs give the same bits. Memory: 2 * history + 5 times the size of x.
LbfgsResult minimise_lbfgs(const Objective& objective, std::span<double> x, const LbfgsOptions& options);

}  // namespace understudy
