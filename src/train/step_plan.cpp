#include "train/step_plan.h"

#include <numeric>
#include <random>
#include <utility>

namespace understudy {

std::vector<PlannedStep> plan_pass(std::span<const SftRow> rows, std::span<const uint32_t> order, int epoch,
                                   int tokens_per_step) {
  std::vector<PlannedStep> steps;
  int64_t tokens = 0;
  for (const uint32_t row : order) {
    const int64_t more = computed_tokens(rows[row]);
    if (steps.empty() || tokens + more > tokens_per_step) {
      steps.push_back({epoch, {}});
      tokens = 0;
    }
    steps.back().rows.push_back(row);
    tokens += more;
  }
  return steps;
}

std::vector<PlannedStep> plan_epochs(std::span<const SftRow> rows, int epochs, int tokens_per_step,
                                     uint64_t seed) {
  std::vector<PlannedStep> steps;
  std::vector<uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  for (int epoch = 0; epoch < epochs; epoch++) {
    // Fisher and Yates; the standard's shuffle differs between libraries.
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random() % i]);
    for (PlannedStep& step : plan_pass(rows, order, epoch, tokens_per_step)) steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace understudy
