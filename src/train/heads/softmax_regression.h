// Multinomial logistic regression: the mean of -log p(class | row) plus l2 / 2 times the squares of the weights; the biases
// are free. It is convex, so there is one minimum; scikit-learn's LogisticRegression has the same with C = 1 / (l2 * rows).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "train/heads/embedded_rows.h"
#include "train/heads/lbfgs.h"

namespace understudy {

// (width + 1, stride) doubles: for every input its weight to each class, last the biases. stride is the number of classes
// rounded up, so that loops over classes have no tails; the padding stays 0.
struct SoftmaxWeights {
  size_t width = 0, classes = 0;
  std::vector<double> values;

  SoftmaxWeights(size_t width, size_t classes);
  size_t stride() const { return stride_for(classes); }
  double& at(size_t input, size_t c) { return values[input * stride() + c]; }
  double at(size_t input, size_t c) const { return values[input * stride() + c]; }

  static size_t stride_for(size_t classes) { return (classes + 3) / 4 * 4; }
};

// The objective and its gradient in the layout of SoftmaxWeights. Every sum has a fixed order, so the number of threads
// changes no bit. Borrows the rows, which must be sound (finite values, labels below `classes`), and the pool.
class SoftmaxObjective {
 public:
  SoftmaxObjective(const EmbeddedRows& rows, size_t classes, double l2, ThreadPool& pool);
  double operator()(std::span<const double> weights, std::span<double> gradient);

 private:
  double forward_chunk(size_t first, size_t last, std::span<const double> weights);
  void gradient_block(size_t first_input, size_t last_input, std::span<double> gradient) const;

  EmbeddedRows rows_;
  size_t classes_, stride_;
  double l2_;
  ThreadPool& pool_;
  std::vector<double> residuals_;  // (rows, stride): probability - 1 for the row's class
  std::vector<double> losses_;     // per chunk
};

// Fits from `weights`, which are overwritten: a warm start along a path of l2 saves most of the work.
LbfgsResult fit_softmax(const EmbeddedRows& rows, double l2, const LbfgsOptions& options, ThreadPool& pool,
                        SoftmaxWeights& weights);

// logits(rows, classes) of every row.
std::vector<double> softmax_logits(const EmbeddedRows& rows, const SoftmaxWeights& weights);

}  // namespace understudy
