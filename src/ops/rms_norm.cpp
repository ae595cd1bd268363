#include "ops/rms_norm.h"

namespace understudy {

namespace {

void record_rms_norm(Tape& tape, Rows x, const RmsNorm* norm, Rows y) {
  // x is the residual stream or y itself: both are overwritten before backward runs.
  const Rows kept = tape.copy(x);
  tape.record([=](const Context& context, Tape& on) {
    const int c = static_cast<int>(norm->weight.size());
    const bool in_place = x.data == y.data;
    const Rows dy = on.gradient(y), dx = on.gradient(x);
    context.each_row(x.rows, 2 * x.width, [&](int row) {
      for (int at = 0; at < x.width; at += c)
        context.kernels.rms_norm_backward(kept.row(row) + at, norm->weight.data(), c, norm->eps,
                                          dy.row(row) + at);
      if (!in_place) context.kernels.add(dx.row(row), dy.row(row), x.width, dx.row(row));
    });
  });
}

}  // namespace

void rms_norm(const Context& context, Rows x, const RmsNorm& norm, Rows y) {
  if (context.tape != nullptr) record_rms_norm(*context.tape, x, &norm, y);
  const int c = static_cast<int>(norm.weight.size());
  context.each_row(x.rows, x.width, [&](int row) {
    for (int at = 0; at < x.width; at += c) {
      context.kernels.rms_norm(x.row(row) + at, norm.weight.data(), c, norm.eps, y.row(row) + at);
    }
  });
}

}  // namespace understudy
