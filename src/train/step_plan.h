// Which rows each step of a training takes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/sft.h"

namespace understudy {

struct PlannedStep {
  int epoch = 0;  // from 0
  std::vector<uint32_t> rows;
};

// Tokens of a row that a step computes: the answer's last is predicted, never read.
inline int64_t computed_tokens(const SftRow& row) {
  return static_cast<int64_t>(row.prompt.size() + row.answer.size()) - 1;
}

// Steps of one pass over the rows in the order given: rows until the next would exceed the tokens, one at least.
// Rows stand beside each other in a batch whatever their lengths, so none is padded and none has to wait for others
// of its length.
std::vector<PlannedStep> plan_pass(std::span<const SftRow> rows, std::span<const uint32_t> order, int epoch,
                                   int tokens_per_step);

// All steps of a training: every epoch has its own order, drawn from `seed`.
std::vector<PlannedStep> plan_epochs(std::span<const SftRow> rows, int epochs, int tokens_per_step,
                                     uint64_t seed);

}  // namespace understudy
