#include "ops/tape.h"

#include "base/check.h"
#include "ops/context.h"

namespace understudy {

Rows Tape::keep_rows(int rows, int width) {
  return {memory_.allocate<float>(static_cast<size_t>(rows) * static_cast<size_t>(width)), rows, width};
}

Rows Tape::copy(Rows rows) {
  Rows kept = keep_rows(rows.rows, rows.width);
  std::memcpy(kept.data, rows.data, rows.size() * sizeof(float));
  return kept;
}

Rows Tape::gradient(Rows rows) {
  for (const Gradient* entry = gradients_; entry != nullptr; entry = entry->before) {
    if (entry->of != rows.data) continue;
    CHECK(entry->rows.rows == rows.rows && entry->rows.width == rows.width);
    return entry->rows;
  }
  Rows gradient = keep_rows(rows.rows, rows.width);
  std::memset(gradient.data, 0, gradient.size() * sizeof(float));
  set_gradient(rows, gradient);
  return gradient;
}

void Tape::set_gradient(Rows rows, Rows gradient) {
  gradients_ = new (memory_.allocate<std::byte>(sizeof(Gradient))) Gradient{gradients_, rows.data, gradient};
}

void Tape::backward(const Context& context) {
  for (const Step* step = last_; step != nullptr; step = step->before) step->run(step->self, context, *this);
  last_ = nullptr;
}

}  // namespace understudy
