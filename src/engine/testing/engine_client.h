// Submits to an Engine and collects the answer, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "engine/engine.h"

namespace understudy {

struct Answer {
  std::vector<TokenEvent> events, prompt_events;
  std::optional<TokenEvent> end;
  std::optional<Choice> choice;
  FinishReason reason = FinishReason::error;
  Usage usage;
  std::optional<Error> error;

  std::vector<TokenId> tokens() const {
    std::vector<TokenId> ids;
    for (const TokenEvent& event : events) ids.push_back(event.id);
    return ids;
  }
};

// `on_token(id of the request, tokens so far)` is called on the engine's thread.
inline std::future<Answer> submit(Engine& engine, EngineRequest request, RequestId* id = nullptr,
                                  std::function<void(RequestId, size_t)> on_token = {}) {
  struct Pending {
    std::promise<Answer> promise;
    std::promise<RequestId> id;
    std::shared_future<RequestId> known_id = id.get_future().share();
    Answer answer;
    int finished = 0;
  };
  auto pending = std::make_shared<Pending>();
  request.on_prompt = [pending](const std::vector<TokenEvent>& events) {
    pending->answer.prompt_events = events;
  };
  request.on_token = [pending, on_token](const TokenEvent& event) {
    pending->answer.events.push_back(event);
    if (on_token) on_token(pending->known_id.get(), pending->answer.events.size());
  };
  request.on_end = [pending](const TokenEvent& event) {
    EXPECT_FALSE(pending->answer.end);
    pending->answer.end = event;
  };
  request.on_choice = [pending](const Choice& choice) {
    EXPECT_FALSE(pending->answer.choice);
    pending->answer.choice = choice;
  };
  request.on_finish = [pending](FinishReason reason, const Usage& usage, const Error* error) {
    EXPECT_EQ(++pending->finished, 1);
    pending->answer.reason = reason;
    pending->answer.usage = usage;
    if (error != nullptr) pending->answer.error = *error;
    pending->promise.set_value(pending->answer);
  };
  auto future = pending->promise.get_future();
  auto result = engine.submit(std::move(request));
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  if (result.ok()) {
    pending->id.set_value(*result);
    if (id != nullptr) *id = *result;
  }
  return future;
}

inline std::vector<TokenId> random_tokens(size_t n, uint64_t seed, int vocabulary = 97) {
  std::mt19937_64 random(seed);
  std::vector<TokenId> tokens(n);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % static_cast<uint64_t>(vocabulary));
  return tokens;
}

// Choices over three tokens with a common beginning and an end of their own token, so that some tokens are
// forced and some shared.
inline std::shared_ptr<const Choices> random_choices(uint64_t seed) {
  constexpr TokenId kEnd = 96;
  std::mt19937_64 random(seed);
  const size_t common = random() % 40;
  const auto beginning = random_tokens(common < 20 ? common : 0, random(), 3);
  std::set<std::vector<TokenId>> different;
  for (size_t count = 1 + random() % 12; different.size() < count;) {
    auto tokens = beginning;
    for (size_t left = random() % 24; left > 0; left--) tokens.push_back(static_cast<TokenId>(random() % 3));
    tokens.push_back(kEnd);
    different.insert(std::move(tokens));
  }
  auto choices = std::make_shared<Choices>();
  choices->tokens.assign(different.begin(), different.end());
  std::shuffle(choices->tokens.begin(), choices->tokens.end(), random);
  return choices;
}

// What the choice must be, token by token: `logits` gives those after the prompt and the tokens it gets.
// Also the tokens up to the one that decides.
inline std::pair<Choice, std::vector<TokenId>> expected_choice(
    const Choices& choices, const std::function<std::vector<float>(const std::vector<TokenId>&)>& logits) {
  std::vector<int> left;
  for (size_t i = 0; i < choices.tokens.size(); i++) left.push_back(static_cast<int>(i));
  std::vector<TokenId> path;
  double probability = 1;
  while (left.size() > 1) {
    std::map<TokenId, std::vector<int>> next;
    for (int i : left) next[choices.tokens[static_cast<size_t>(i)][path.size()]].push_back(i);
    TokenId best = next.begin()->first;
    if (next.size() > 1) {
      const auto row = logits(path);
      double sum = 0;
      for (const auto& [id, those] : next) {
        sum += std::exp(static_cast<double>(row[static_cast<size_t>(id)]));
        if (row[static_cast<size_t>(id)] > row[static_cast<size_t>(best)]) best = id;
      }
      probability *= std::exp(static_cast<double>(row[static_cast<size_t>(best)])) / sum;
    }
    left = next[best];
    path.push_back(best);
  }
  return {Choice{left[0], probability}, path};
}

inline void expect_same_choice(const Answer& answer, const Choice& expected) {
  ASSERT_TRUE(answer.choice);
  EXPECT_EQ(answer.choice->index, expected.index);
  EXPECT_NEAR(answer.choice->probability, expected.probability, 1e-12);
}

}  // namespace understudy
