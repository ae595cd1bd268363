#include "train/heads/domain_gate.h"

#include <algorithm>
#include <cmath>

#include "train/heads/limits.h"

namespace understudy {
namespace {

constexpr double kEverything = 2;  // the largest distance there is

double length_of(std::span<const float> row) {
  double squares = 0;
  for (const float value : row) squares += double{value} * value;
  return std::sqrt(squares);
}

std::vector<float> unit_rows_of(const EmbeddedRows& rows) {
  const size_t kept = std::min(rows.rows(), kMaxNeighbourRows);
  std::vector<float> unit;
  unit.reserve(kept * rows.width);
  for (size_t i = 0; i < kept; i++) {
    const std::span<const float> row = rows.row(i * rows.rows() / kept);
    const double length = length_of(row);
    for (const float value : row) unit.push_back(length > 0 ? static_cast<float>(value / length) : 0);
  }
  return unit;
}

}  // namespace

DomainGate::DomainGate(size_t width, std::vector<float> unit_rows, double max_distance)
    : width_(width), unit_rows_(std::move(unit_rows)), max_distance_(max_distance) {}

DomainGate DomainGate::fit(const EmbeddedRows& train, const EmbeddedRows& dev, double keep_share) {
  DomainGate gate(train.width, unit_rows_of(train), kEverything);
  std::vector<double> distances;
  for (size_t i = 0; i < dev.rows(); i++) distances.push_back(gate.distance(dev.row(i)));
  if (distances.empty()) return gate;
  std::sort(distances.begin(), distances.end(), std::greater<>());
  const double rank = std::floor((1 - keep_share) * static_cast<double>(distances.size() + 1));
  gate.max_distance_ = distances[static_cast<size_t>(std::max(rank, 1.0)) - 1];
  return gate;
}

double DomainGate::distance(std::span<const float> row) const {
  const double length = length_of(row);
  const size_t rows = unit_rows_.size() / width_;
  if (length == 0 || rows == 0) return kEverything;
  double nearest[kNeighbours];
  std::fill(std::begin(nearest), std::end(nearest), -1.0);
  for (size_t i = 0; i < rows; i++) {
    const float* other = &unit_rows_[i * width_];
    // Four sums, so that additions need not wait for one another.
    double sums[4] = {};
    size_t j = 0;
    for (; j + 4 <= width_; j += 4) {
      for (size_t lane = 0; lane < 4; lane++) sums[lane] += double{row[j + lane]} * other[j + lane];
    }
    for (; j < width_; j++) sums[0] += double{row[j]} * other[j];
    double similarity = (sums[0] + sums[1] + sums[2] + sums[3]) / length;
    for (double& best : nearest) {
      if (similarity > best) std::swap(similarity, best);
    }
  }
  const size_t counted = std::min(rows, kNeighbours);
  double sum = 0;
  for (size_t i = 0; i < counted; i++) sum += nearest[i];
  return std::clamp(1 - sum / static_cast<double>(counted), 0.0, kEverything);
}

}  // namespace understudy
