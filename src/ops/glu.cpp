#include "ops/glu.h"

namespace understudy {

namespace {

void record_glu(Tape& tape, Rows gate, Rows up, Activation activation, Rows y) {
  const bool in_place = gate.data == y.data;
  const Rows kept = in_place ? tape.copy(gate) : gate;
  tape.record([=](const Context& context, Tape& on) {
    const auto kernel =
        activation == Activation::silu ? context.kernels.swiglu_backward : context.kernels.geglu_backward;
    const Rows dy = on.gradient(y), dgate = on.gradient(gate), dup = on.gradient(up);
    context.each_row(y.rows, 4 * y.width, [&](int row) {
      kernel(kept.row(row), up.row(row), y.width, dy.row(row), dup.row(row));
      if (!in_place) context.kernels.add(dgate.row(row), dy.row(row), y.width, dgate.row(row));
    });
  });
}

}  // namespace

void glu(const Context& context, Rows gate, Rows up, Activation activation, Rows y) {
  if (context.tape != nullptr) record_glu(*context.tape, gate, up, activation, y);
  auto kernel = activation == Activation::silu ? context.kernels.swiglu : context.kernels.geglu;
  context.each_row(gate.rows, gate.width,
                   [&](int row) { kernel(gate.row(row), up.row(row), gate.width, y.row(row)); });
}

}  // namespace understudy
