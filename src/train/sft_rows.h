// Rows of a training: what they must be, their hash, and as the sequences of a step.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/network.h"
#include "train/sft.h"

namespace understudy {

inline constexpr int kMaxRowTokens = 16384;  // prompt and answer, where the model knows no limit

// Every row has a prompt and an answer, tokens of the vocabulary, and fits the model's context. Errors:
// invalid_argument, `where` is "<what> <number>", from 1; context_overflow.
Status check_rows(const Model& model, std::span<const SftRow> rows, std::string_view what);

// SHA-256 of all tokens in order.
std::string hash_of(std::span<const SftRow> rows);

// Some rows as sequences: every token of the answer is a target at the token before it. Views into its own memory,
// which is used again.
class SequenceBatch {
 public:
  void fill(std::span<const SftRow> rows, std::span<const uint32_t> chosen);
  std::span<const TrainingSequence> sequences() const { return sequences_; }
  int64_t tokens() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t answer_tokens() const { return answer_tokens_; }

 private:
  std::vector<TrainingSequence> sequences_;
  std::vector<int32_t> tokens_, targets_;
  int64_t answer_tokens_ = 0;
};

}  // namespace understudy
