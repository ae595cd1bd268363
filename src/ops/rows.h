// Rows: a row-major f32 matrix (M, width), borrowed.
#pragma once

#include <cstddef>

namespace understudy {

struct Rows {
  float* data = nullptr;
  int rows = 0, width = 0;
  float* row(int i) const { return data + static_cast<size_t>(i) * static_cast<size_t>(width); }
  size_t size() const { return static_cast<size_t>(rows) * static_cast<size_t>(width); }
};

}  // namespace understudy
