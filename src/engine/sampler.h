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
#include "grammar/state_mask.h"

namespace understudy {

// Errors: invalid_argument naming the parameter, its value and its range.
Status check_sampling(const SamplingParams& params, int vocabulary);

class Sampler {
 public:
  // `params` was checked.
  Sampler(SamplingParams params, std::span<const TokenId> prompt);

  // The token at `position` of the sequence (prompt included), among those of `allowed` if it is given; nullopt if no
  // logit of them is a finite number or +infinity. NaN counts as impossible. Not thread-safe: one Sampler a sequence.
  std::optional<TokenId> sample(std::span<const float> logits, int position,
                                const TokenMask* allowed = nullptr);

  // Whether sample() without `allowed` is the first of the largest logits, whatever the others are.
  bool takes_largest() const;

  // Adds a token to the answer, for the penalties.
  void accept(TokenId id);
  // The last tokens of the answer are taken back.
  void forget(std::span<const TokenId> tokens);

 private:
  bool adjusts() const { return !params_.logit_bias.empty() || !history_.empty() || !tokens_.empty(); }
  std::span<const float> adjusted(std::span<const float> logits);
  // The place of the logit that is drawn.
  std::optional<TokenId> draw(std::span<const float> logits, int position) const;
  void penalise_repetition();
  void forbid_ngrams();

  SamplingParams params_;
  bool penalties_, dry_;
  std::unordered_map<TokenId, int> history_;  // token of prompt or answer -> times in the answer
  std::vector<TokenId> tokens_;               // with DRY: prompt and answer; with no_repeat_ngram: the answer
  size_t answer_begin_ = 0;                   // in tokens_
  std::vector<float> scratch_;                // (V) adjusted logits; empty unless something adjusts them
};

// Log-probabilities of the unmodified distribution: that of `id` and the `top` most likely (descending, ties
// by id). A token whose logit is NaN or -infinity has -infinity.
TokenEvent with_logprobs(std::span<const float> logits, TokenId id, int top);

// The probability of `id` among the tokens of `allowed`, of the unmodified distribution.
float share_of(std::span<const float> logits, TokenId id, const TokenMask& allowed);

}  // namespace understudy
