#include "engine/choice_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/limits.h"

namespace understudy {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<int> ordered(const Choices& choices) {
  std::vector<int> order(choices.tokens.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return choices.tokens[static_cast<size_t>(a)] < choices.tokens[static_cast<size_t>(b)];
  });
  return order;
}

Error refused(std::string what) { return {ErrorCode::invalid_argument, std::move(what), "choices", ""}; }

}  // namespace

Status check_choices(const Choices& choices, int vocabulary) {
  const size_t count = choices.tokens.size();
  if (count == 0 || count > kMaxChoices)
    return refused(fmt::format("{} choices, expected 1 to {}", count, kMaxChoices));
  size_t tokens = 0;
  for (size_t i = 0; i < count; i++) {
    if (choices.tokens[i].empty()) return refused(fmt::format("choice {} is empty", i));
    tokens += choices.tokens[i].size();
    for (const TokenId id : choices.tokens[i]) {
      if (id < 0 || id >= vocabulary)
        return refused(fmt::format("choice {} has token {}, expected 0 to {}", i, id, vocabulary - 1));
    }
  }
  if (tokens > kMaxChoiceTokens)
    return refused(fmt::format("the choices have {} tokens, expected at most {}", tokens, kMaxChoiceTokens));
  const std::vector<int> order = ordered(choices);
  for (size_t i = 1; i < count; i++) {  // what begins with a choice comes right behind it
    const auto& before = choices.tokens[static_cast<size_t>(order[i - 1])];
    const auto& after = choices.tokens[static_cast<size_t>(order[i])];
    if (before.size() > after.size() || !std::equal(before.begin(), before.end(), after.begin())) continue;
    Error error = refused(fmt::format("choice {} is the beginning of choice {}", order[i - 1], order[i]));
    error.hint = "End each choice with an end token";
    return error;
  }
  return {};
}

ChoicePath::ChoicePath(std::shared_ptr<const Choices> choices)
    : choices_(std::move(choices)), order_(ordered(*choices_)), end_(order_.size()) {}

std::optional<TokenId> ChoicePath::forced() const {
  const TokenId first = next_of(begin_);
  if (next_of(end_ - 1) != first) return std::nullopt;
  return first;
}

std::optional<TokenId> ChoicePath::choose(std::span<const float> logits) {
  double best = -kInfinity;
  TokenId chosen = -1;
  const auto each_next = [&](auto&& visit) {
    for (size_t place = begin_; place < end_; place++) {
      const TokenId id = next_of(place);
      if (place == begin_ || id != next_of(place - 1))
        visit(id, static_cast<double>(logits[static_cast<size_t>(id)]));
    }
  };
  each_next([&](TokenId id, double logit) {
    if (!(logit > best)) return;  // ids ascend, so an equal logit loses the tie; so does NaN
    best = logit;
    chosen = id;
  });
  if (chosen < 0) return std::nullopt;
  double sum = 0;  // relative to the best, whose share is 1
  each_next([&](TokenId, double logit) {
    if (!std::isnan(logit)) sum += logit == best ? 1 : std::exp(logit - best);
  });
  probability_ /= sum;
  return chosen;
}

void ChoicePath::add_next(TokenMask& to) const {
  for (size_t place = begin_; place < end_; place++) to.set(next_of(place));
}

void ChoicePath::follow(TokenId token) {
  while (next_of(begin_) != token) begin_++;
  while (next_of(end_ - 1) != token) end_--;
  depth_++;
}

}  // namespace understudy
