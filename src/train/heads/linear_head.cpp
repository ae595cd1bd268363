#include "train/heads/linear_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "train/heads/limits.h"
#include "train/heads/temperature.h"

namespace understudy {
namespace {

// scikit-learn's C, that is 1 / (l2 * rows), from strong to weak in steps of a half decade.
constexpr double kInverseStrengths[] = {0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000};
constexpr int kWorseBeforeStop = 2;
// Far below what dev can tell apart: the mean loss is within about 1e-5 of its minimum.
constexpr LbfgsOptions kFitOptions{.history = 10, .max_iterations = 300, .gradient_tolerance = 2e-5};

Error refused(std::string what, std::string where = "") {
  return {ErrorCode::invalid_argument, std::move(what), std::move(where), ""};
}

Status check_labels(const std::vector<std::string>& labels) {
  if (labels.size() < 2)
    return refused(fmt::format("a classifier needs 2 labels, there are {}", labels.size()));
  if (labels.size() > kMaxHeadClasses)
    return refused(fmt::format("{} labels, {} at most", labels.size(), kMaxHeadClasses));
  std::set<std::string_view> seen;
  size_t bytes = 0;
  for (const std::string& label : labels) {
    bytes += label.size();
    if (label.empty()) return refused("a label is empty");
    if (label.size() > kMaxHeadLabelBytes)
      return refused("a label is too long", fmt::format("label '{:.60}'", label));
    if (!seen.insert(label).second)
      return refused("a label occurs twice", fmt::format("label '{:.60}'", label));
  }
  return {};
}

Status check_rows(const EmbeddedRows& rows, size_t width, size_t classes, const char* name) {
  if (rows.rows() == 0) return refused("there are no rows", name);
  if (rows.rows() > kMaxHeadRows)
    return refused(fmt::format("{} rows, {} at most", rows.rows(), kMaxHeadRows), name);
  if (rows.width != width || rows.values.size() != rows.rows() * width)
    return refused("the rows' sizes do not fit", name);
  for (size_t i = 0; i < rows.rows(); i++) {
    if (rows.labels[i] < 0 || static_cast<size_t>(rows.labels[i]) >= classes) {
      return refused(fmt::format("label {} is not one of {}", rows.labels[i], classes),
                     fmt::format("{}, row {}", name, i));
    }
    for (const float value : rows.row(i)) {
      if (!std::isfinite(value))
        return refused("an embedding is not finite", fmt::format("{}, row {}", name, i));
    }
  }
  return {};
}

Status check_data(const LinearHeadData& data, double keep_share) {
  if (!(keep_share > 0 && keep_share < 1))
    return refused(fmt::format("keep_share {} is not in (0, 1)", keep_share));
  RETURN_IF_ERROR(check_labels(data.labels));
  const size_t width = data.train.width, classes = data.labels.size();
  if (width == 0 || width > kMaxHeadInputs)
    return refused(fmt::format("a width of {} is not in [1, {}]", width, kMaxHeadInputs));
  RETURN_IF_ERROR(check_rows(data.train, width, classes, "training rows"));
  RETURN_IF_ERROR(check_rows(data.dev, width, classes, "dev rows"));
  std::vector<bool> seen(classes);
  for (const int label : data.train.labels) seen[static_cast<size_t>(label)] = true;
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing == seen.end()) return {};
  return refused("a label has no training row",
                 fmt::format("label '{:.60}'", data.labels[static_cast<size_t>(missing - seen.begin())]));
}

// As they will be stored: calibration must see the weights that serve.
void round_to_float(SoftmaxWeights& weights) {
  for (double& value : weights.values) value = static_cast<float>(value);
}

double share_right(std::span<const double> logits, size_t classes, std::span<const int> labels) {
  size_t right = 0;
  for (size_t i = 0; i < labels.size(); i++) {
    const auto row = logits.subspan(i * classes, classes);
    right += std::max_element(row.begin(), row.end()) - row.begin() == labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

HeadTrial judge(const LinearHeadData& data, const SoftmaxWeights& weights, double l2,
                const LbfgsResult& fit) {
  const std::vector<double> logits = softmax_logits(data.dev, weights);
  HeadTrial trial{l2, fit.iterations, fit.converged, 1, 0, 0};
  trial.temperature = fit_temperature(logits, weights.classes, data.dev.labels);
  trial.dev_loss = softmax_loss(logits, weights.classes, data.dev.labels, trial.temperature);
  trial.dev_right = share_right(logits, weights.classes, data.dev.labels);
  return trial;
}

LinearHead make_head(const LinearHeadData& data, const SoftmaxWeights& fitted, double temperature,
                     double keep_share) {
  std::vector<float> weights(fitted.classes * fitted.width), biases(fitted.classes);
  for (size_t c = 0; c < fitted.classes; c++) {
    for (size_t j = 0; j < fitted.width; j++)
      weights[c * fitted.width + j] = static_cast<float>(fitted.at(j, c));
    biases[c] = static_cast<float>(fitted.at(fitted.width, c));
  }
  return LinearHead(data.embedder, data.labels, std::move(weights), std::move(biases), temperature,
                    DomainGate::fit(data.train, data.dev, keep_share));
}

}  // namespace

LinearHead::LinearHead(std::string embedder, std::vector<std::string> labels, std::vector<float> weights,
                       std::vector<float> biases, double temperature, DomainGate gate)
    : embedder_(std::move(embedder)),
      labels_(std::move(labels)),
      weights_(std::move(weights)),
      biases_(std::move(biases)),
      temperature_(temperature),
      gate_(std::move(gate)) {}

std::vector<double> LinearHead::probabilities(std::span<const float> embedding) const {
  std::vector<double> p(labels_.size());
  for (size_t c = 0; c < p.size(); c++) {
    double sum = biases_[c];
    for (size_t j = 0; j < width(); j++) sum += double{weights_[c * width() + j]} * embedding[j];
    p[c] = sum / temperature_;
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double total = 0;
  for (double& value : p) total += value = std::exp(value - largest);
  for (double& value : p) value /= total;
  return p;
}

Result<HeadAnswer> LinearHead::answer(std::span<const float> embedding) const {
  if (embedding.size() != width()) {
    return refused(fmt::format("an embedding has {} values, this head takes {}", embedding.size(), width()));
  }
  if (!std::all_of(embedding.begin(), embedding.end(), [](float value) { return std::isfinite(value); })) {
    return refused("an embedding is not finite");
  }
  const std::vector<double> p = probabilities(embedding);
  const auto best = std::max_element(p.begin(), p.end());
  HeadAnswer answer;
  answer.label = static_cast<int>(best - p.begin());
  answer.confidence = *best;
  answer.distance = gate_.distance(embedding);
  answer.in_domain = gate_.passes(answer.distance);
  return answer;
}

Result<LinearHeadFit> fit_linear_head(const LinearHeadData& data, double keep_share, ThreadPool& pool) {
  RETURN_IF_ERROR(check_data(data, keep_share));
  SoftmaxWeights weights(data.train.width, data.labels.size());
  SoftmaxWeights best = weights;
  std::vector<HeadTrial> trials;
  size_t chosen = 0;
  int worse = 0;
  for (const double inverse : kInverseStrengths) {
    const double l2 = 1 / (inverse * static_cast<double>(data.train.rows()));
    const LbfgsResult fit = fit_softmax(data.train, l2, kFitOptions, pool, weights);
    SoftmaxWeights stored = weights;
    round_to_float(stored);
    trials.push_back(judge(data, stored, l2, fit));
    if (trials.size() == 1 || trials.back().dev_loss < trials[chosen].dev_loss) {
      chosen = trials.size() - 1;
      best = std::move(stored);
      worse = 0;
    } else if (++worse == kWorseBeforeStop) {
      break;
    }
  }
  return LinearHeadFit{make_head(data, best, trials[chosen].temperature, keep_share), std::move(trials),
                       chosen};
}

}  // namespace understudy
