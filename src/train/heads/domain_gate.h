// Whether an input looks like anything that was trained on: its cosine to the nearest training rows. A head is as sure of
// foreign inputs as of its own, so confidence alone does not keep them out.
#pragma once

#include <span>
#include <vector>

#include "train/heads/embedded_rows.h"

namespace understudy {

class DomainGate {
 public:
  // Keeps the rows of `train`, at most kMaxNeighbourRows spread evenly, and sets the largest distance so that a new input
  // like those of `dev` passes with a probability of at least keep_share, in (0, 1): the r-th largest distance of dev, r =
  // max(1, floor((1 - keep_share) (rows of dev + 1))). That is split conformal prediction: V. Vovk, A. Gammerman, G. Shafer,
  // "Algorithmic Learning in a Random World", 2005. With no dev rows everything passes. Rows must be finite.
  static DomainGate fit(const EmbeddedRows& train, const EmbeddedRows& dev, double keep_share);

  // From a file: rows are (n, width) of unit length.
  DomainGate(size_t width, std::vector<float> unit_rows, double max_distance);

  // 1 - the mean cosine of the kNeighbours nearest rows, in [0, 2]; 2 for a zero row.
  double distance(std::span<const float> row) const;
  bool passes(double distance) const { return distance <= max_distance_; }

  size_t width() const { return width_; }
  std::span<const float> unit_rows() const { return unit_rows_; }
  double max_distance() const { return max_distance_; }

 private:
  static constexpr size_t kNeighbours = 3;

  size_t width_;
  std::vector<float> unit_rows_;
  double max_distance_;
};

}  // namespace understudy
