// Submits to an Engine and collects the answer, for tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <random>
#include <vector>

#include "engine/engine.h"

namespace understudy {

struct Answer {
  std::vector<TokenEvent> events, prompt_events;
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

}  // namespace understudy
