#include "ops/add.h"

namespace understudy {

namespace {

void record_add(Tape& tape, Rows a, Rows b, Rows y) {
  tape.record([=](const Context& context, Tape& on) {
    const Rows dy = on.gradient(y);
    for (const Rows& side : {a, b}) {
      if (side.data == y.data) continue;  // its gradient is dy itself
      const Rows d = on.gradient(side);
      context.each_row(d.rows, d.width,
                       [&](int row) { context.kernels.add(d.row(row), dy.row(row), d.width, d.row(row)); });
    }
  });
}

}  // namespace

void add(const Context& context, Rows a, Rows b, Rows y) {
  context.each_row(a.rows, a.width,
                   [&](int row) { context.kernels.add(a.row(row), b.row(row), a.width, y.row(row)); });
  if (context.tape != nullptr) record_add(*context.tape, a, b, y);
}

}  // namespace understudy
