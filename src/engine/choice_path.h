// ChoicePath: the way of one answer through a closed set of choices. The choices lie in order, so that those
// that begin with the answer so far are a range, and the tokens that can follow ascend in it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "engine/request.h"
#include "grammar/state_mask.h"

namespace understudy {

// Errors: invalid_argument (`where` is "choices": none or too many, an empty one, ids outside the vocabulary,
// one that is a beginning of another or equal to it).
Status check_choices(const Choices& choices, int vocabulary);

class ChoicePath {
 public:
  // `choices` were checked; they are shared.
  explicit ChoicePath(std::shared_ptr<const Choices> choices);

  bool decided() const { return end_ - begin_ == 1; }
  // Undecided: the token that follows if only one can.
  std::optional<TokenId> forced() const;
  // Undecided: the most likely of the tokens that can follow (ties: the lowest id), and its probability among
  // them, which the path's is multiplied by; nullopt if none has a logit that is a number above -infinity.
  std::optional<TokenId> choose(std::span<const float> logits);
  // Undecided: the tokens that can follow.
  void add_next(TokenMask& to) const;
  // `token` can follow.
  void follow(TokenId token);

  // Decided.
  Choice choice() const { return {order_[begin_], probability_}; }

 private:
  TokenId next_of(size_t place) const { return choices_->tokens[static_cast<size_t>(order_[place])][depth_]; }

  std::shared_ptr<const Choices> choices_;
  std::vector<int> order_;      // indices of the choices, ordered by their tokens
  size_t begin_ = 0, end_ = 0;  // places in order_ of those that are left
  size_t depth_ = 0;            // tokens so far
  double probability_ = 1;
};

}  // namespace understudy
