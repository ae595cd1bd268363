#include "train/heads/softmax_regression.h"

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

constexpr size_t kTile = 4;          // rows or inputs x classes that are summed in registers
constexpr size_t kChunkRows = 16;    // of a forward task: 48 KB of doubles at 384 wide
constexpr size_t kBlockInputs = 16;  // of a gradient task
constexpr size_t kPanelRows = 256;   // rows that a gradient task unpacks at a time: 32 KB

size_t chunks_of(size_t count, size_t size) { return (count + size - 1) / size; }

// sums(a, b) += left(i, a) * right(i, b) over i: the inner loop of both products. Rows are `..._stride` apart.
void add_products(const double* left, size_t left_stride, const double* right, size_t right_stride,
                  size_t count, double (&sums)[kTile][kTile]) {
  for (size_t i = 0; i < count; i++) {
    const double* l = left + i * left_stride;
    const double* r = right + i * right_stride;
    for (size_t a = 0; a < kTile; a++) {
      for (size_t b = 0; b < kTile; b++) sums[a][b] += l[a] * r[b];
    }
  }
}

}  // namespace

SoftmaxWeights::SoftmaxWeights(size_t width_, size_t classes_)
    : width(width_), classes(classes_), values((width_ + 1) * stride_for(classes_), 0.0) {}

SoftmaxObjective::SoftmaxObjective(const EmbeddedRows& rows, size_t classes, double l2, ThreadPool& pool)
    : rows_(rows),
      classes_(classes),
      stride_(SoftmaxWeights::stride_for(classes)),
      l2_(l2),
      pool_(pool),
      residuals_(rows.rows() * stride_, 0.0),
      losses_(chunks_of(rows.rows(), kChunkRows), 0.0) {}

// Logits, then residuals, of rows [first, last); their loss.
double SoftmaxObjective::forward_chunk(size_t first, size_t last, std::span<const double> weights) {
  const size_t width = rows_.width;
  std::vector<double> tile(width * kTile);
  double loss = 0;
  for (size_t begin = first; begin < last; begin += kTile) {
    const size_t count = std::min(kTile, last - begin);
    for (size_t a = 0; a < kTile; a++) {
      const std::span<const float> row = rows_.row(begin + std::min(a, count - 1));
      for (size_t j = 0; j < width; j++) tile[j * kTile + a] = row[j];
    }
    for (size_t k = 0; k < stride_; k += kTile) {
      double sums[kTile][kTile];
      for (auto& sum : sums) std::copy_n(&weights[width * stride_ + k], kTile, sum);
      add_products(tile.data(), kTile, &weights[k], stride_, width, sums);
      for (size_t a = 0; a < count; a++) std::copy_n(sums[a], kTile, &residuals_[(begin + a) * stride_ + k]);
    }
    for (size_t a = 0; a < count; a++) {
      double* z = &residuals_[(begin + a) * stride_];
      const auto label = static_cast<size_t>(rows_.labels[begin + a]);
      const double largest = *std::max_element(z, z + classes_), own = z[label];
      double sum = 0;
      for (size_t k = 0; k < classes_; k++) sum += z[k] = std::exp(z[k] - largest);
      for (size_t k = 0; k < classes_; k++) z[k] /= sum;
      std::fill(z + classes_, z + stride_, 0.0);
      z[label] -= 1;
      loss += std::log(sum) + largest - own;
    }
  }
  return loss;
}

// Sums over rows of input x residual, for inputs [first, last).
void SoftmaxObjective::gradient_block(size_t first_input, size_t last_input,
                                      std::span<double> gradient) const {
  const size_t inputs = last_input - first_input, padded = chunks_of(inputs, kTile) * kTile;
  std::vector<double> panel(kPanelRows * padded, 0.0);
  for (size_t begin = 0; begin < rows_.rows(); begin += kPanelRows) {
    const size_t count = std::min(kPanelRows, rows_.rows() - begin);
    for (size_t i = 0; i < count; i++) {
      const std::span<const float> row = rows_.row(begin + i);
      for (size_t j = 0; j < inputs; j++) panel[i * padded + j] = row[first_input + j];
    }
    for (size_t j = 0; j < inputs; j += kTile) {
      for (size_t k = 0; k < stride_; k += kTile) {
        double sums[kTile][kTile] = {};
        add_products(&panel[j], padded, &residuals_[begin * stride_ + k], stride_, count, sums);
        for (size_t a = 0; a < std::min(kTile, inputs - j); a++) {
          double* out = &gradient[(first_input + j + a) * stride_ + k];
          for (size_t b = 0; b < kTile; b++) out[b] += sums[a][b];
        }
      }
    }
  }
}

double SoftmaxObjective::operator()(std::span<const double> weights, std::span<double> gradient) {
  const size_t rows = rows_.rows(), width = rows_.width, weight_count = width * stride_;
  pool_.run(static_cast<int>(losses_.size()), [&](int chunk) {
    const size_t first = static_cast<size_t>(chunk) * kChunkRows;
    losses_[static_cast<size_t>(chunk)] = forward_chunk(first, std::min(first + kChunkRows, rows), weights);
  });
  std::fill(gradient.begin(), gradient.end(), 0.0);
  pool_.run(static_cast<int>(chunks_of(width, kBlockInputs)), [&](int block) {
    const size_t first = static_cast<size_t>(block) * kBlockInputs;
    gradient_block(first, std::min(first + kBlockInputs, width), gradient);
  });
  for (size_t i = 0; i < rows; i++) {
    for (size_t k = 0; k < classes_; k++) gradient[weight_count + k] += residuals_[i * stride_ + k];
  }

  double loss = 0, squares = 0;
  for (const double chunk : losses_) loss += chunk;
  for (size_t i = 0; i < weight_count; i++) squares += weights[i] * weights[i];
  const double scale = 1 / static_cast<double>(rows);
  for (double& value : gradient) value *= scale;
  for (size_t i = 0; i < weight_count; i++) gradient[i] += l2_ * weights[i];
  return loss * scale + l2_ / 2 * squares;
}

LbfgsResult fit_softmax(const EmbeddedRows& rows, double l2, const LbfgsOptions& options, ThreadPool& pool,
                        SoftmaxWeights& weights) {
  SoftmaxObjective objective(rows, weights.classes, l2, pool);
  return minimise_lbfgs(std::ref(objective), weights.values, options);
}

std::vector<double> softmax_logits(const EmbeddedRows& rows, const SoftmaxWeights& weights) {
  std::vector<double> logits(rows.rows() * weights.classes);
  for (size_t i = 0; i < rows.rows(); i++) {
    double* z = &logits[i * weights.classes];
    for (size_t k = 0; k < weights.classes; k++) z[k] = weights.at(rows.width, k);
    const std::span<const float> row = rows.row(i);
    for (size_t j = 0; j < rows.width; j++) {
      const double* w = &weights.values[j * weights.stride()];
      for (size_t k = 0; k < weights.classes; k++) z[k] += row[j] * w[k];
    }
  }
  return logits;
}

}  // namespace understudy
