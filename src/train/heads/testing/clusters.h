// Embeddings for tests: unit vectors around one random centre per class.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "train/heads/embedded_rows.h"

namespace understudy {

struct Clusters {
  size_t width = 0;
  std::vector<float> values;
  std::vector<int> labels;

  EmbeddedRows rows() const { return {values, width, labels}; }
};

// `per_class` rows of each class; `noise` is the length of what is added to a unit centre. The same centre seed gives the
// same centres, whatever the rows.
inline Clusters make_clusters(size_t classes, size_t per_class, size_t width, double noise,
                              uint64_t centre_seed, uint64_t row_seed) {
  const auto unit = [&](std::mt19937_64& random) {
    std::vector<double> vector(width);
    double squares = 0;
    for (double& value : vector) {
      // The sum of uniforms is close enough to normal, and the same everywhere.
      for (int i = 0; i < 4; i++) value += static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
      squares += value * value;
    }
    for (double& value : vector) value /= std::sqrt(squares);
    return vector;
  };
  std::mt19937_64 centre_random(centre_seed), row_random(row_seed);
  Clusters clusters;
  clusters.width = width;
  for (size_t c = 0; c < classes; c++) {
    const std::vector<double> centre = unit(centre_random);
    for (size_t i = 0; i < per_class; i++) {
      const std::vector<double> offset = unit(row_random);
      for (size_t j = 0; j < width; j++)
        clusters.values.push_back(static_cast<float>(centre[j] + noise * offset[j]));
      clusters.labels.push_back(static_cast<int>(c));
    }
  }
  return clusters;
}

}  // namespace understudy
