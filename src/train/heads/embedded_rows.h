// Rows of embeddings with their classes.
#pragma once

#include <cstddef>
#include <span>

namespace understudy {

// Borrowed. `values` is (rows, width), row-major; labels[i] is the class of row i.
struct EmbeddedRows {
  std::span<const float> values;
  size_t width = 0;
  std::span<const int> labels;

  size_t rows() const { return labels.size(); }
  std::span<const float> row(size_t i) const { return values.subspan(i * width, width); }
};

}  // namespace understudy
