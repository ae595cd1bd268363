// Sampler: logits (V) -> one token, by a request's SamplingParams. The token is a pure function of (logits,
// history, params, position): the draw is Philox keyed by (seed, position), the exponential is our own, every
// sum has a fixed order. So neither threads nor the C library's version change a token.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/request.h"

namespace understudy {

// Errors: invalid_argument naming the parameter, its value and its range.
Status check_sampling(const SamplingParams& params, int vocabulary);

class Sampler {
 public:
  // `params` was checked.
  Sampler(SamplingParams params, std::span<const TokenId> prompt);

  // The token at `position` of the sequence (prompt included); nullopt if no logit is a finite number or
  // +infinity. NaN counts as impossible. Not thread-safe: one Sampler a sequence.
  std::optional<TokenId> sample(std::span<const float> logits, int position);

  // Adds a token to the answer, for the penalties.
  void accept(TokenId id);

 private:
  std::span<const float> adjusted(std::span<const float> logits);

  SamplingParams params_;
  bool penalties_;
  std::unordered_map<TokenId, int> history_;  // token of prompt or answer -> times in the answer
  std::vector<float> scratch_;  // (V) adjusted logits; empty unless bias or penalties are in use
};

// Log-probabilities of the unmodified distribution: that of `id` and the `top` most likely (descending, ties
// by id). A token whose logit is NaN or -infinity has -infinity.
TokenEvent with_logprobs(std::span<const float> logits, TokenId id, int top);

}  // namespace understudy
