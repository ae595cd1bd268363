// Answers that repeat themselves: taken back, closed or ended, and what clients are told of it. HashNetwork is biased to
// say one thing over and over; its logits tell whether the state after a rewind is that of the answer that is left.
#include <gtest/gtest.h>

#include <future>

#include "engine/engine.h"
#include "engine/loop_detector.h"
#include "engine/model.h"
#include "engine/sampler.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/golden_model.h"
#include "engine/testing/hash_network.h"
#include "engine/testing/small_tokenizer.h"
#include "grammar/answer_rules.h"

namespace understudy {
namespace {

using Action = LoopIncident::Action;

std::unique_ptr<Engine> start(std::shared_ptr<const Network> network) {
  EngineOptions options{.threads = 2, .context = 1024, .max_running = 16, .kv_bytes = 64 << 20};
  auto engine = Engine::create(EngineModel{std::move(network), {kSmallEnd}, 0, "digest"}, options);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message());
  return std::move(*engine);
}

std::shared_ptr<HashNetwork> hash_network(std::vector<int> windows = {0}, bool snapshot = false) {
  return std::make_shared<HashNetwork>(kSmallVocabulary, std::move(windows), snapshot);
}

// Says a_word() over and over.
EngineRequest looping_request(uint64_t seed) {
  EngineRequest request;
  request.prompt = random_tokens(20 + seed, seed, kSmallVocabulary);
  request.max_tokens = 400;
  request.sampling.temperature = 0;
  request.sampling.seed = seed;
  request.sampling.logit_bias = {{a_word(), 50.0f}};
  request.logprobs = 0;
  request.loop_guard = LoopGuard{small_tokenizer(), 3};
  return request;
}

// An answer as a client that is told of rewinds has it.
struct Kept {
  std::vector<TokenEvent> events;
  std::vector<int> rewinds;
  FinishReason reason = FinishReason::error;
  Usage usage;
  std::vector<TokenId> tokens() const {
    std::vector<TokenId> ids;
    for (const TokenEvent& event : events) ids.push_back(event.id);
    return ids;
  }
};

std::future<Kept> run(Engine& engine, EngineRequest request) {
  struct Pending {
    std::promise<Kept> promise;
    Kept kept;
  };
  auto pending = std::make_shared<Pending>();
  const int most = request.max_tokens;
  request.on_token = [pending, most](const TokenEvent& event) {
    pending->kept.events.push_back(event);
    EXPECT_LE(static_cast<int>(pending->kept.events.size()), most);
  };
  request.on_rewind = [pending](int tokens) {
    EXPECT_GT(tokens, 0);
    EXPECT_LT(tokens, static_cast<int>(pending->kept.events.size()));
    pending->kept.events.resize(static_cast<size_t>(tokens));
    pending->kept.rewinds.push_back(tokens);
  };
  request.on_finish = [pending](FinishReason reason, const Usage& usage, const Error*) {
    pending->kept.reason = reason;
    pending->kept.usage = usage;
    EXPECT_EQ(usage.completion_tokens, static_cast<int>(pending->kept.events.size()));
    pending->promise.set_value(pending->kept);
  };
  auto future = pending->promise.get_future();
  const auto submitted = engine.submit(std::move(request));
  EXPECT_TRUE(submitted.ok());
  return future;
}

// As many rewinds as on_rewind was called for, at most `most`; what came of the last loop.
void check_incidents(const Kept& kept, size_t most, std::optional<Action> last) {
  const std::vector<LoopIncident>& loops = kept.usage.loops;
  ASSERT_EQ(loops.size(), kept.rewinds.size() + (last ? 1 : 0));
  EXPECT_LE(kept.rewinds.size(), most);
  for (size_t i = 0; i < kept.rewinds.size(); i++) {
    EXPECT_EQ(loops[i].action, Action::rewound);
    EXPECT_EQ(loops[i].begin, kept.rewinds[i]);
    EXPECT_GT(loops[i].length, loops[i].begin + loops[i].period);
  }
  if (last) {
    EXPECT_EQ(loops.back().action, *last);
  }
}

// The log-probabilities are those of the tokens that are left, whatever was written over; so are the penalties.
void check_state(const HashNetwork& network, const EngineRequest& request, const Kept& kept) {
  std::vector<HashNetwork::Row> rows;
  for (const TokenId token : request.prompt) rows.push_back({token, RowKind::prompt});
  Sampler sampler(request.sampling, request.prompt);
  for (size_t i = 0; i < kept.events.size(); i++) {
    const std::vector<float> logits = network.logits_after(rows);
    const TokenEvent expected = with_logprobs(logits, kept.events[i].id, 0);
    ASSERT_EQ(kept.events[i].logprob, expected.logprob) << "token " << i;
    const bool was_rewound = std::count(kept.rewinds.begin(), kept.rewinds.end(), static_cast<int>(i)) > 0;
    if (!request.grammar && !was_rewound) {
      ASSERT_EQ(kept.events[i].id, *sampler.sample(logits, static_cast<int>(rows.size()))) << "token " << i;
    }
    sampler.accept(kept.events[i].id);
    rows.push_back({kept.events[i].id, RowKind::generated});
  }
  EXPECT_EQ(network.violations(), std::vector<std::string>{});
}

TEST(LoopGuard, RewindsThreeTimesThenEnds) {
  const auto network = hash_network();
  const auto engine = start(network);
  for (uint64_t seed = 0; seed < 8; seed++) {
    EngineRequest request = looping_request(seed);
    // The word is out of favour after some 25 in a row, but not if those that were taken back do not count.
    request.sampling.logit_bias = {{a_word(), 56.0f}};
    request.sampling.frequency_penalty = 2.0f;
    const Kept kept = run(*engine, request).get();
    ASSERT_EQ(kept.rewinds.size(), 3u);
    check_incidents(kept, 3, Action::ended);
    EXPECT_EQ(kept.usage.loops[0].text, small_tokenizer()->bytes(a_word()));
    EXPECT_EQ(kept.reason, FinishReason::length);
    EXPECT_LT(kept.events.size(), 200u);
    check_state(*network, request, kept);
    // Where it was rewound, another token came.
    for (const int place : kept.rewinds) {
      if (place < static_cast<int>(kept.events.size())) {
        EXPECT_NE(kept.events[static_cast<size_t>(place)].id, a_word());
      }
    }
  }
}

TEST(LoopGuard, WithoutOneAnswersGoOn) {
  const auto engine = start(hash_network());
  EngineRequest request = looping_request(1);
  request.loop_guard.reset();
  const Kept kept = run(*engine, request).get();
  EXPECT_EQ(kept.events.size(), 400u);
  EXPECT_TRUE(kept.rewinds.empty() && kept.usage.loops.empty());
}

TEST(LoopGuard, WhatCannotBeTakenBackIsEnded) {
  EngineRequest request = looping_request(2);
  request.loop_guard->rewinds = 0;
  Kept kept = run(*start(hash_network()), request).get();
  check_incidents(kept, 0, Action::ended);
  EXPECT_EQ(kept.reason, FinishReason::length);
  // Of a model with snapshot states.
  request = looping_request(2);
  const auto network = hash_network({0}, true);
  kept = run(*start(network), request).get();
  check_incidents(kept, 0, Action::ended);
  check_state(*network, request, kept);
}

// Of one character over and over 800 are a loop, 200 a suspicion.
TEST(LoopGuard, WhatTheLimitCutsInALoopIsNamed) {
  const TokenId dash = small_tokenizer()->encode(PromptText::data("-"), false).back();
  ASSERT_EQ(small_tokenizer()->bytes(dash), "-");
  const auto engine = start(hash_network());
  EngineRequest request = looping_request(4);
  request.sampling.logit_bias = {{dash, 50.0f}};
  request.max_tokens = 300;
  Kept kept = run(*engine, request).get();
  check_incidents(kept, 0, Action::cut);
  EXPECT_EQ(kept.usage.loops[0].length, 300);
  EXPECT_EQ(kept.usage.loops[0].text, "-");
  EXPECT_EQ(kept.reason, FinishReason::length);
  EXPECT_EQ(engine->stats().loops_cut, 1u);
  EXPECT_EQ(engine->stats().loops_closed, 0u);
  request.max_tokens = 100;
  kept = run(*engine, request).get();
  EXPECT_TRUE(kept.usage.loops.empty());
}

// Pages behind a window are given back, so that a rewind may find its state gone; what it does is right either way.
TEST(LoopGuard, StateBehindAWindow) {
  for (const int window : {8, 33, 64}) {
    const auto network = hash_network({0, window});
    const auto engine = start(network);
    for (uint64_t seed = 0; seed < 4; seed++) {
      const EngineRequest request = looping_request(seed);
      const Kept kept = run(*engine, request).get();
      check_incidents(kept, 3, Action::ended);
      check_state(*network, request, kept);
    }
  }
}

TEST(LoopGuard, AnswersUnderAGrammarAreClosed) {
  const auto grammar = small_grammar(
      R"({"type":"object","properties":{"text":{"type":"string"},"list":{"type":"array","items":{"type":"integer"}},
          "open":{"type":"boolean"}},"required":["text","list","open"],"additionalProperties":false})");
  const auto network = hash_network();
  const auto engine = start(network);
  int closed = 0;
  for (const bool fast_forward : {true, false}) {
    for (uint64_t seed = 0; seed < 6; seed++) {
      EngineRequest request = looping_request(seed);
      request.grammar = grammar;
      request.fast_forward = fast_forward;
      const Kept kept = run(*engine, request).get();
      // What came where it was rewound may have ended the text.
      const bool was_closed = kept.usage.loops.size() > kept.rewinds.size();
      check_incidents(kept, 3, was_closed ? std::optional(Action::closed) : std::nullopt);
      closed += was_closed;
      EXPECT_EQ(kept.reason, FinishReason::stop);
      const boost::json::value value = boost::json::parse(small_text(kept.tokens()));
      EXPECT_TRUE(value.at("text").is_string() && value.at("list").is_array() && value.at("open").is_bool());
      check_state(*network, request, kept);
      // The same without log-probabilities, where forced tokens come at once.
      request.logprobs = -1;
      EXPECT_EQ(run(*engine, request).get().tokens(), kept.tokens());
    }
  }
  EXPECT_GT(closed, 6);
}

// No text of a few thousand bytes ends it: what was said is a beginning, and said to be one.
TEST(LoopGuard, WhatCannotBeClosedIsNoWholeAnswer) {
  const auto engine = start(hash_network());
  EngineRequest request = looping_request(1);
  request.grammar = small_grammar(
      R"({"type":"object","properties":{"text":{"type":"string"},"list":{"type":"array","minItems":5000}},
          "required":["text","list"],"additionalProperties":false})");
  request.loop_guard->rewinds = 0;
  const Kept kept = run(*engine, request).get();
  check_incidents(kept, 0, Action::ended);
  EXPECT_EQ(kept.reason, FinishReason::length);
}

// Text beside tools is under a grammar too and could end anywhere: it is cut as any other text.
TEST(LoopGuard, TextUnderAGrammarIsEnded) {
  const auto engine = start(hash_network());
  AnswerRules rules;
  rules.spell_calls({"", "", "", "<call>", "", "", "<call>"});
  auto any_text = std::move(rules).build();
  ASSERT_TRUE(any_text);
  AnswerGrammar grammar = *small_grammar("true");
  grammar.grammar = *any_text;
  EngineRequest request = looping_request(1);
  request.grammar = std::make_shared<const AnswerGrammar>(std::move(grammar));
  request.loop_guard->rewinds = 0;
  const Kept kept = run(*engine, request).get();
  check_incidents(kept, 0, Action::ended);
  EXPECT_EQ(kept.reason, FinishReason::length);
}

// Thoughts that repeat themselves end, and an answer follows; once that repeats itself too, it ends.
TEST(LoopGuard, ThoughtsAreClosedBeforeTheAnswerIs) {
  const auto network = hash_network();
  const auto engine = start(network);
  const TokenId end = a_word() == 60 ? 61 : 60;
  for (const bool fast_forward : {true, false}) {
    EngineRequest request = looping_request(2);
    request.fast_forward = fast_forward;
    request.loop_guard->rewinds = 0;
    request.sampling.logit_bias[end] = -1000;
    request.reasoning = ReasoningBudget{-1, end, true, 1000, {end}};
    const Kept kept = run(*engine, request).get();
    ASSERT_EQ(kept.usage.loops.size(), 2u);
    EXPECT_EQ(kept.usage.loops[0].action, Action::closed);
    EXPECT_EQ(kept.usage.loops[1].action, Action::ended);
    const std::vector<TokenId> tokens = kept.tokens();
    EXPECT_EQ(std::count(tokens.begin(), tokens.end(), end), 1);
    ASSERT_GT(tokens.size(), static_cast<size_t>(kept.usage.loops[0].length) + 1);
    EXPECT_EQ(tokens[static_cast<size_t>(kept.usage.loops[0].length)], end);
    EXPECT_EQ(kept.usage.reasoning_tokens, kept.usage.loops[0].length);
    EXPECT_EQ(kept.reason, FinishReason::length);
  }
}

TEST(LoopGuard, NeverGoesBeyondMaxTokens) {
  const auto grammar = small_grammar(R"({"type":"object","properties":{"text":{"type":"string"},"open":{
      "type":"boolean"}},"required":["text","open"],"additionalProperties":false})");
  const auto engine = start(hash_network());
  EngineRequest request = looping_request(3);
  request.grammar = grammar;
  const Kept whole = run(*engine, request).get();
  ASSERT_EQ(whole.reason, FinishReason::stop);
  const int length = static_cast<int>(whole.events.size());
  for (const int max_tokens : {1, 2, length - 5, length - 1, length, length + 1}) {
    request.max_tokens = max_tokens;
    for (const int logprobs : {0, -1}) {
      request.logprobs = logprobs;
      const Kept kept = run(*engine, request).get();  // run() counts the tokens
      if (kept.reason == FinishReason::stop) {
        EXPECT_TRUE(boost::json::parse(small_text(kept.tokens())).is_object());
      } else {
        EXPECT_EQ(kept.reason, FinishReason::length);
        EXPECT_EQ(static_cast<int>(kept.events.size()), max_tokens);
      }
    }
  }
}

TEST(LoopGuard, AnswersAreTheSameWhateverElseRuns) {
  const auto grammar = small_grammar(R"({"type":"array","items":{"type":"string"}})");
  const auto engine = start(hash_network());
  std::vector<EngineRequest> requests;
  for (uint64_t seed = 0; seed < 16; seed++) {
    EngineRequest request = looping_request(seed);
    if (seed % 2 == 0) request.grammar = grammar;
    if (seed % 3 == 0) request.sampling.temperature = 1;
    if (seed % 5 == 0) request.loop_guard.reset();
    if (seed % 4 == 0) request.logprobs = -1;
    requests.push_back(std::move(request));
  }
  std::vector<Kept> alone;
  for (const EngineRequest& request : requests) alone.push_back(run(*engine, request).get());
  std::vector<std::future<Kept>> together;
  for (const EngineRequest& request : requests) together.push_back(run(*engine, request));
  for (size_t i = 0; i < requests.size(); i++) {
    const Kept kept = together[i].get();
    EXPECT_EQ(kept.tokens(), alone[i].tokens()) << i;
    EXPECT_EQ(kept.rewinds, alone[i].rewinds) << i;
    EXPECT_EQ(kept.reason, alone[i].reason) << i;
  }
}

// Small random models of every family, greedily: all but the one with convolutions loop on their own.
class RandomModels : public testing::TestWithParam<std::string> {};

TEST_P(RandomModels, LoopsAreMetAndAccountedFor) {
  const auto model = Model::from_file(read_golden(golden_path(GetParam())).file).value();
  const auto engine = start(model->shared_network());
  size_t loops = 0;
  for (uint64_t seed = 0; seed < 6; seed++) {
    EngineRequest request = looping_request(seed);
    request.sampling.logit_bias.clear();
    request.ignore_end = true;
    const Kept guarded = run(*engine, request).get();
    request.loop_guard.reset();
    const Kept unguarded = run(*engine, request).get();
    const bool ended = guarded.events.size() < 400u;
    const bool cut =
        !ended && !guarded.usage.loops.empty() && guarded.usage.loops.back().action == Action::cut;
    check_incidents(guarded, 3,
                    ended ? std::optional(Action::ended)
                    : cut ? std::optional(Action::cut)
                          : std::nullopt);
    EXPECT_EQ(guarded.reason, FinishReason::length);
    loops += guarded.usage.loops.size();
    // Up to the first loop it is the same answer.
    const int same = guarded.usage.loops.empty() ? 400 : guarded.usage.loops[0].begin;
    for (size_t i = 0; i < std::min({static_cast<size_t>(same), guarded.events.size()}); i++) {
      ASSERT_EQ(guarded.events[i].id, unguarded.events[i].id) << i;
    }
    if (guarded.usage.loops.empty()) {
      EXPECT_EQ(guarded.tokens(), unguarded.tokens());
    }
  }
  EXPECT_TRUE(loops > 0 || GetParam() == "lfm2");
}

INSTANTIATE_TEST_SUITE_P(Golden, RandomModels, testing::ValuesIn(golden_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace understudy
