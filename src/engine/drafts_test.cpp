// Guesses through the whole engine: they are fed and kept, and no answer changes by them.
#include "engine/drafts.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <utility>

#include "engine/engine.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/hash_network.h"
#include "engine/testing/small_tokenizer.h"

namespace understudy {
namespace {

class DraftLayouts : public testing::TestWithParam<StateLayout> {
 protected:
  static constexpr int kVocabulary = 97;
  std::shared_ptr<HashNetwork> network_;

  void SetUp() override { use(kVocabulary); }
  // A step takes as long with many rows as with one.
  void use(int vocabulary) {
    network_ = std::make_shared<HashNetwork>(vocabulary, GetParam().windows, GetParam().snapshot);
    network_->before_forward = [] { std::this_thread::sleep_for(std::chrono::microseconds(200)); };
  }
  void TearDown() override { EXPECT_EQ(network_->violations(), std::vector<std::string>{}); }

  std::unique_ptr<Engine> start() {
    EngineOptions options{.threads = 2, .kv_bytes = 4 << 20};
    auto engine = Engine::create(EngineModel{network_, {0}, 2000, "digest"}, options);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    return std::move(*engine);
  }

  static EngineRequest request_of(uint64_t seed) {
    EngineRequest request;
    request.prompt = random_tokens(20 + seed % 40, seed);
    request.max_tokens = 60;
    request.ignore_end = seed % 3 != 0;
    request.sampling.temperature = seed % 2 == 0 ? 0.0f : 1.0f;
    request.sampling.seed = seed;
    request.logprobs = static_cast<int>(seed % 3) - 1;
    if (seed % 5 == 1) request.sampling.repetition_penalty = 1.3f;
    if (seed % 5 == 2) request.sampling.frequency_penalty = 0.7f;
    if (seed % 5 == 3) request.sampling.no_repeat_ngram = 2;
    if (seed % 5 == 4) request.sampling.dry_multiplier = 0.8f;
    if (seed % 4 == 3) request.stop_tokens = {5, 6};
    if (seed % 4 == 2) request.adapter = HashNetwork::adapter(1);
    return request;
  }

  static void expect_same(const Answer& answer, const Answer& expected) {
    EXPECT_EQ(answer.tokens(), expected.tokens());
    EXPECT_EQ(answer.reason, expected.reason);
    EXPECT_EQ(answer.end.has_value(), expected.end.has_value());
    for (size_t i = 0; i < answer.events.size(); i++)
      EXPECT_EQ(answer.events[i].logprob, expected.events[i].logprob) << "token " << i;
  }
};

// The same requests again and again, so that earlier answers say what comes; alone and together.
TEST_P(DraftLayouts, AnswersAreTheSameAndNeedFewerSteps) {
  std::vector<EngineRequest> requests;
  for (uint64_t seed = 0; seed < 20; seed++) requests.push_back(request_of(seed));
  std::vector<Answer> expected;
  auto plain = start();
  for (EngineRequest request : requests) {
    request.drafts = false;
    expected.push_back(submit(*plain, request).get());
    EXPECT_EQ(expected.back().usage.drafted_tokens, 0);
  }
  auto engine = start();
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < requests.size(); i++) expect_same(submit(*engine, requests[i]).get(), expected[i]);
  }
  const EngineStats alone = engine->stats();
  std::vector<std::future<Answer>> together;
  for (const EngineRequest& request : requests) together.push_back(submit(*engine, request));
  for (size_t i = 0; i < requests.size(); i++) expect_same(together[i].get(), expected[i]);

  EXPECT_EQ(engine->stats().kv_bytes_used, 0u);
  if (GetParam().snapshot) {
    EXPECT_EQ(engine->stats().drafted_tokens, 0u);  // a snapshot has no way back
    return;
  }
  EXPECT_GT(alone.accepted_tokens, 0u);
  EXPECT_LT(alone.accepted_tokens, alone.drafted_tokens);
  EXPECT_LT(alone.steps, 3 * plain->stats().steps);
  EXPECT_EQ(plain->stats().drafted_tokens, 0u);
}

// The answer is what it would be; the closer the prediction, the fewer steps.
TEST_P(DraftLayouts, APredictionSavesSteps) {
  EngineRequest request = request_of(4);
  request.ignore_end = true;
  request.stop_tokens.clear();
  const Answer plain = submit(*start(), request).get();
  const auto with = [&](std::vector<TokenId> prediction) {
    request.prediction = std::move(prediction);
    auto engine = start();
    Answer answer = submit(*engine, request).get();
    expect_same(answer, plain);
    return std::pair(answer, engine->stats().steps);
  };
  std::vector<TokenId> whole = plain.tokens(), other = random_tokens(60, 99);
  const auto [best, fewest] = with(whole);
  whole.erase(whole.begin() + 20, whole.begin() + 25);
  const auto [edited, some] = with(whole);
  const auto [worst, most] = with(other);
  if (GetParam().snapshot) return;
  EXPECT_GT(best.usage.accepted_predictions, 40);
  EXPECT_LT(best.usage.rejected_predictions, 20);
  EXPECT_GT(edited.usage.accepted_predictions, 20);
  EXPECT_LT(fewest, most);
  EXPECT_LT(some, most);
}

TEST_P(DraftLayouts, NobodyIsGuessedFromAnotherTenantsAnswers) {
  EngineRequest request;
  request.prompt.resize(kVocabulary);
  for (int i = 0; i < kVocabulary; i++) request.prompt[static_cast<size_t>(i)] = i;  // nothing twice
  request.max_tokens = 30;
  request.ignore_end = true;
  request.sampling.temperature = 0;
  request.tenant = "a";
  auto engine = start();
  const Answer first = submit(*engine, request).get(), second = submit(*engine, request).get();
  request.tenant = "b";
  const Answer other = submit(*engine, request).get();
  expect_same(other, first);
  expect_same(second, first);
  if (GetParam().snapshot) return;
  EXPECT_GT(second.usage.accepted_tokens, 20);
  EXPECT_LT(other.usage.accepted_tokens, 10);
}

TEST_P(DraftLayouts, TheLimitOfTokensHolds) {
  auto engine = start();
  for (int round = 0; round < 3; round++) {
    for (int tokens = 1; tokens < 20; tokens++) {
      EngineRequest request = request_of(4);
      request.max_tokens = tokens;
      EXPECT_EQ(static_cast<int>(submit(*engine, request).get().events.size()), tokens);
    }
  }
}

// Answers under a grammar, with what must come at once or one by one, and loops that are rewound.
TEST_P(DraftLayouts, GrammarsAndLoopsSeeTheSameTokens) {
  const auto grammar = small_grammar(
      R"({"type":"object","properties":{"text":{"type":"string","maxLength":30},"list":{"type":"array","items":
          {"enum":["red","green","blue"]},"maxItems":9}},"required":["text","list"],"additionalProperties":false})");
  use(kSmallVocabulary);
  auto engine = start();
  for (uint64_t seed = 0; seed < 24; seed++) {
    EngineRequest request = request_of(seed);
    request.max_tokens = 300;
    if (seed % 2 == 0) request.grammar = grammar;
    if (seed % 4 < 2) {
      request.sampling = SamplingParams();
      request.sampling.temperature = 0;
      request.sampling.logit_bias = {{a_word(), 50.0f}};  // over and over
    }
    request.loop_guard = LoopGuard{small_tokenizer()};
    request.fast_forward = seed % 3 != 0;
    request.drafts = false;
    const Answer plain = submit(*engine, request).get();
    request.drafts = true;
    for (int round = 0; round < 2; round++) {
      const Answer answer = submit(*engine, request).get();
      expect_same(answer, plain);
      ASSERT_EQ(answer.usage.loops.size(), plain.usage.loops.size());
      for (size_t i = 0; i < plain.usage.loops.size(); i++) {
        EXPECT_EQ(answer.usage.loops[i].action, plain.usage.loops[i].action);
        EXPECT_EQ(answer.usage.loops[i].begin, plain.usage.loops[i].begin);
      }
    }
  }
  if (!GetParam().snapshot) {
    EXPECT_GT(engine->stats().accepted_tokens, 0u);
    EXPECT_GT(engine->stats().loops_rewound, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DraftLayouts,
                         testing::Values(StateLayout{"full", {0}, false}, StateLayout{"window", {40}, false},
                                         StateLayout{"full_and_windows", {64, 0, 17}, false},
                                         StateLayout{"full_and_snapshot", {0}, true}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace understudy
