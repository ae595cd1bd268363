// rms_norm: y = x / sqrt(mean(x^2) + eps) * w, over groups of w.size() values of each row.
//
// Shapes    x (M, groups * C), w (C), y as x; y may be x. C = D: the per-head norm of queries and keys
// Backward  with r = 1 / sqrt(mean(x^2) + eps): dx += r (w dy - x r^2 / C sum(w dy x)); w is frozen
// Cost      one read, one write of x
// Source    Zhang and Sennrich 2019, "Root Mean Square Layer Normalization"
#pragma once

#include <vector>

#include "ops/context.h"

namespace understudy {

struct RmsNorm {
  std::vector<float> weight;
  float eps = 1e-6f;
};

void rms_norm(const Context& context, Rows x, const RmsNorm& norm, Rows y);

inline Rows rms_norm(const Context& context, Rows x, const RmsNorm& norm) {
  Rows y = context.rows(x.rows, x.width);
  rms_norm(context, x, norm, y);
  return y;
}

}  // namespace understudy
