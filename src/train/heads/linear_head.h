// The smallest specialist: a calibrated linear classifier on embeddings, with a gate for foreign inputs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "train/heads/domain_gate.h"
#include "train/heads/embedded_rows.h"
#include "train/heads/softmax_regression.h"

namespace understudy {

struct HeadAnswer {
  int label = 0;          // index into labels()
  double confidence = 0;  // calibrated probability of it
  double distance = 0;    // to the nearest training rows (DomainGate)
  bool in_domain = false;
};

// Immutable; safe to share between threads.
class LinearHead {
 public:
  // Parts that belong together: weights (classes, width), biases (classes), a gate of the same width.
  LinearHead(std::string embedder, std::vector<std::string> labels, std::vector<float> weights,
             std::vector<float> biases, double temperature, DomainGate gate);

  const std::string& embedder() const { return embedder_; }
  const std::vector<std::string>& labels() const { return labels_; }
  size_t width() const { return gate_.width(); }
  std::span<const float> weights() const { return weights_; }
  std::span<const float> biases() const { return biases_; }
  double temperature() const { return temperature_; }
  const DomainGate& gate() const { return gate_; }

  // The first of the most probable labels. Errors: invalid_argument (another width, a value that is not finite).
  Result<HeadAnswer> answer(std::span<const float> embedding) const;

  // Calibrated, of every label. `embedding` must have passed answer().
  std::vector<double> probabilities(std::span<const float> embedding) const;

 private:
  std::string embedder_;
  std::vector<std::string> labels_;
  std::vector<float> weights_, biases_;
  double temperature_;
  DomainGate gate_;
};

struct LinearHeadData {
  std::string embedder;             // what made the rows: a hash; only its embeddings fit this head
  std::vector<std::string> labels;  // at least 2, all different, none empty
  EmbeddedRows train, dev;          // dev shares no group with train
};

// One strength of regularisation and what dev says of it.
struct HeadTrial {
  double l2 = 0;
  int iterations = 0;
  bool converged = false;
  double temperature = 1, dev_loss = 0;
  double dev_right = 0;  // share
};

struct LinearHeadFit {
  LinearHead head;
  std::vector<HeadTrial> trials;  // from the strongest regularisation; stops after two that got worse
  size_t chosen = 0;              // the one with the smallest dev loss at its own temperature
};

// keep_share is that of the domain gate. The same data give the same bytes whatever the pool. Errors, invalid_argument with
// the place: fewer than 2 labels, a label twice, a label without a training row, no dev rows, a label out of range, sizes
// that do not fit, a value that is not finite, keep_share not in (0, 1), a limit (limits.h).
Result<LinearHeadFit> fit_linear_head(const LinearHeadData& data, double keep_share, ThreadPool& pool);

}  // namespace understudy
