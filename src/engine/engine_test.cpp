// The engine over HashNetwork: every answer is compared with one computed from the tokens alone.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <ctime>
#include <future>
#include <random>
#include <thread>

#include "engine/sampler.h"
#include "engine/state_cache.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/hash_network.h"

namespace understudy {
namespace {

class EngineLayouts : public testing::TestWithParam<StateLayout> {
 protected:
  static constexpr int kVocabulary = 97;
  std::shared_ptr<HashNetwork> network_ =
      std::make_shared<HashNetwork>(kVocabulary, GetParam().windows, GetParam().snapshot);

  void TearDown() override { EXPECT_EQ(network_->violations(), std::vector<std::string>{}); }

  std::unique_ptr<Engine> start(EngineOptions options, int trained_context = 2000) {
    options.threads = 2;
    if (options.kv_bytes == 0) options.kv_bytes = 4 << 20;
    auto engine = Engine::create(EngineModel{network_, {0}, trained_context, "digest"}, options);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    return std::move(*engine);
  }

  // Requests of all kinds: lengths around page and chunk borders, shared beginnings, all sampling modes.
  static std::vector<EngineRequest> mixed_requests(int n, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::vector<TokenId>> beginnings;
    for (size_t length : {0, 5, 32, 100, 270}) beginnings.push_back(random_tokens(length, random()));
    std::vector<EngineRequest> requests;
    for (int i = 0; i < n; i++) {
      EngineRequest request;
      request.prompt = beginnings[random() % beginnings.size()];
      auto rest = random_tokens(1 + random() % 90, random() % 8);  // few seeds: some prompts are equal
      request.prompt.insert(request.prompt.end(), rest.begin(), rest.end());
      request.max_tokens = static_cast<int>(random() % 40);
      request.ignore_end = random() % 2 == 0;
      request.sampling.temperature = random() % 3 == 0 ? 0.0f : 1.0f;
      request.sampling.seed = random();
      if (random() % 3 == 0) request.sampling.top_k = 10;
      if (random() % 3 == 0) request.sampling.top_p = 0.9f;
      if (random() % 4 == 0) request.sampling.repetition_penalty = 1.2f;
      if (random() % 4 == 0) request.sampling.frequency_penalty = 0.5f;
      request.logprobs = static_cast<int>(random() % 4) - 1;
      request.prompt_logprobs = random() % 6 == 0;
      if (random() % 3 == 0) request.adapter = HashNetwork::adapter(static_cast<float>(random() % 2));
      if (random() % 4 == 0) request.choices = random_choices(random());
      requests.push_back(std::move(request));
    }
    return requests;
  }

  // What the answer must be, from the tokens alone.
  Answer expected(const EngineRequest& request) const {
    Answer answer;
    std::vector<HashNetwork::Row> rows;
    Sampler sampler(request.sampling, request.prompt);
    int alternatives = std::max(request.logprobs, 0);
    const Adapter* adapter = request.adapter ? &request.adapter->adapter : nullptr;
    for (size_t i = 0; i < request.prompt.size(); i++) {
      if (request.prompt_logprobs) {
        answer.prompt_events.push_back(
            i == 0 ? TokenEvent{request.prompt[0], {}, {}}
                   : with_logprobs(network_->logits_after(rows), request.prompt[i], alternatives));
      }
      rows.push_back({request.prompt[i], RowKind::prompt, adapter});
    }
    if (request.choices) {
      const auto [choice, path] = expected_choice(*request.choices, [&](const auto& tokens) {
        auto all = rows;
        for (TokenId token : tokens) all.push_back({token, RowKind::generated, adapter});
        return network_->logits_after(all);
      });
      answer.choice = choice;
      answer.reason = FinishReason::stop;
      answer.usage.completion_tokens = static_cast<int>(path.size());
      return answer;
    }
    answer.reason = FinishReason::length;
    for (int i = 0; i < request.max_tokens; i++) {
      auto logits = network_->logits_after(rows);
      TokenId token = *sampler.sample(logits, static_cast<int>(rows.size()));
      if (token == 0 && !request.ignore_end) {
        answer.reason = FinishReason::stop;
        answer.end =
            request.logprobs >= 0 ? with_logprobs(logits, token, alternatives) : TokenEvent{0, {}, {}};
        break;
      }
      sampler.accept(token);
      answer.events.push_back(request.logprobs >= 0 ? with_logprobs(logits, token, alternatives)
                                                    : TokenEvent{token, {}, {}});
      rows.push_back({token, RowKind::generated, adapter});
    }
    answer.usage.completion_tokens = static_cast<int>(answer.events.size());
    return answer;
  }

  static void expect_same(const Answer& answer, const Answer& expected) {
    EXPECT_EQ(answer.reason, expected.reason);
    EXPECT_EQ(answer.usage.completion_tokens, expected.usage.completion_tokens);
    EXPECT_EQ(answer.choice.has_value(), expected.choice.has_value());
    if (expected.choice) expect_same_choice(answer, *expected.choice);
    EXPECT_EQ(answer.end.has_value(), expected.end.has_value());
    if (expected.end) expect_same_events({*answer.end}, {*expected.end});
    expect_same_events(answer.events, expected.events);
    expect_same_events(answer.prompt_events, expected.prompt_events);
  }

  static void expect_same_events(const std::vector<TokenEvent>& events,
                                 const std::vector<TokenEvent>& expected) {
    ASSERT_EQ(events.size(), expected.size());
    for (size_t i = 0; i < events.size(); i++) {
      ASSERT_EQ(events[i].id, expected[i].id) << "token " << i;
      ASSERT_EQ(events[i].logprob, expected[i].logprob) << "token " << i;
      ASSERT_EQ(events[i].top.size(), expected[i].top.size()) << "token " << i;
      for (size_t k = 0; k < events[i].top.size(); k++) ASSERT_EQ(events[i].top[k].id, expected[i].top[k].id);
    }
  }

  void expect_right_answers(Engine& engine, const std::vector<EngineRequest>& requests) {
    std::vector<std::future<Answer>> answers;
    for (const EngineRequest& request : requests) answers.push_back(submit(engine, request));
    for (size_t i = 0; i < requests.size(); i++) {
      SCOPED_TRACE("request " + std::to_string(i));
      expect_same(answers[i].get(), expected(requests[i]));
    }
    EXPECT_EQ(engine.stats().kv_bytes_used, 0u);
    EXPECT_EQ(engine.stats().running, 0);
    EXPECT_EQ(engine.stats().queued, 0);
  }

  size_t bytes_for(int rows, int chunk) const {
    return StateCache::sequence_bytes(network_->page_groups(), network_->snapshot_bytes(), chunk, rows);
  }
};

TEST_P(EngineLayouts, AnswersAreRightAlone) {
  auto engine = start({});
  for (const EngineRequest& request : mixed_requests(12, 1)) expect_right_answers(*engine, {request});
}

TEST_P(EngineLayouts, AnswersAreRightInAMixOfManyStreamsForAnyChunk) {
  for (int chunk : {16, 40, 256, 1000}) {
    SCOPED_TRACE(chunk);
    EngineOptions options;
    options.prefill_chunk = chunk;
    options.max_running = 32;
    auto engine = start(options);
    expect_right_answers(*engine, mixed_requests(48, 2));
    expect_right_answers(*engine, mixed_requests(48, 2));  // now from the prefix tree
    EXPECT_GT(engine->stats().cached_tokens, engine->stats().prompt_tokens / 3);
  }
}

TEST_P(EngineLayouts, AnswersAreRightUnderEvictionPressure) {
  EngineOptions options;
  options.context = 420;
  options.prefill_chunk = 64;
  options.kv_bytes = bytes_for(420, 64) * 5 / 2;
  auto engine = start(options);
  for (uint64_t seed : {3, 4, 3, 5, 3}) {
    expect_right_answers(*engine, mixed_requests(30, seed));
    EngineStats stats = engine->stats();
    EXPECT_LE(stats.kv_bytes_cached, stats.kv_bytes_total);
  }
}

TEST_P(EngineLayouts, CancellationAtAnyMomentLeaksNothing) {
  EngineOptions options;
  options.context = 500;
  options.prefill_chunk = 32;
  options.max_running = 6;
  options.kv_bytes = bytes_for(500, 32) * 4;
  auto engine = start(options);
  auto requests = mixed_requests(60, 6);
  for (auto& request : requests) request.max_tokens += 40;
  std::mt19937_64 random(7);
  std::vector<std::future<Answer>> answers;
  for (size_t i = 0; i < requests.size(); i++) {
    RequestId id = 0;
    size_t cancel_after = random() % 3 == 0 ? random() % 20 : SIZE_MAX;  // from within on_token
    answers.push_back(
        submit(*engine, requests[i], &id, [&engine = *engine, cancel_after](RequestId own, size_t tokens) {
          if (tokens == cancel_after) engine.cancel(own);
        }));
    if (random() % 2 == 0) {  // from outside, an arbitrary earlier one
      engine->cancel(id - random() % 10);
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    }
  }
  uint64_t cancelled = 0;
  for (size_t i = 0; i < requests.size(); i++) {
    SCOPED_TRACE("request " + std::to_string(i));
    Answer answer = answers[i].get(), right = expected(requests[i]);
    if (answer.reason == FinishReason::cancelled) {  // what it got so far is right
      cancelled++;
      ASSERT_LE(answer.events.size(), right.events.size());
      right.events.resize(answer.events.size());
      expect_same_events(answer.events, right.events);
    } else {
      expect_same(answer, right);
    }
  }
  EngineStats stats = engine->stats();
  EXPECT_EQ(stats.kv_bytes_used, 0u);
  EXPECT_EQ(stats.requests_cancelled, cancelled);
  EXPECT_EQ(stats.requests_finished, requests.size() - cancelled);
  expect_right_answers(*engine, mixed_requests(20, 6));
}

// Somebody hangs up in every step: those that stay get what they get alone, and get it.
TEST_P(EngineLayouts, AStepThatIsGivenUpIsRedoneForTheOthers) {
  constexpr size_t kLeaving = 100;
  EngineOptions options;
  options.prefill_chunk = 32;
  options.max_running = 4;
  std::vector<RequestId> leaving(kLeaving);
  std::promise<void> submitted;
  std::atomic<int> steps = 0;
  std::unique_ptr<Engine> engine;
  network_->before_forward = [&, all = submitted.get_future().share()] {
    all.wait();
    const auto step = static_cast<size_t>(steps++);
    if (step < kLeaving) engine->cancel(leaving[step]);
  };
  engine = start(options);
  EngineRequest staying;
  staying.prompt = random_tokens(150, 1);
  staying.max_tokens = 20;
  staying.ignore_end = true;
  auto answer = submit(*engine, staying);
  std::vector<std::future<Answer>> cancelled;
  for (size_t i = 0; i < kLeaving; i++) {
    EngineRequest request = staying;
    if (i % 2 == 1) request.prompt = random_tokens(200, i);
    request.max_tokens = 400;
    cancelled.push_back(submit(*engine, request, &leaving[i]));
  }
  submitted.set_value();
  expect_same(answer.get(), expected(staying));
  EXPECT_LT(steps, 120);  // alone: 5 for its prompt, 19 for its answer; its share of the chunk is a third
  for (auto& leaves : cancelled) EXPECT_EQ(leaves.get().reason, FinishReason::cancelled);
  EXPECT_EQ(engine->stats().kv_bytes_used, 0u);
  expect_right_answers(*engine, mixed_requests(20, 6));
}

TEST_P(EngineLayouts, StreamsThatShareASystemPromptComputeItOnce) {
  constexpr int kSystem = 600, kOwn = 20, kStreams = 12;
  EngineOptions options;
  options.prefill_chunk = 64;
  auto engine = start(options);
  auto system = random_tokens(kSystem, 8);
  std::vector<EngineRequest> requests;
  for (int i = 0; i < kStreams; i++) {
    EngineRequest request;
    request.prompt = system;
    auto own = random_tokens(kOwn, 100 + static_cast<uint64_t>(i));
    request.prompt.insert(request.prompt.end(), own.begin(), own.end());
    request.max_tokens = 3;
    requests.push_back(std::move(request));
  }
  expect_right_answers(*engine, requests);
  EngineStats stats = engine->stats();
  // Snapshots are kept every 256 tokens, pages every 16.
  uint64_t shared = GetParam().snapshot ? kSystem / 256 * 256 : kSystem / kPageTokens * kPageTokens;
  EXPECT_GE(stats.cached_tokens, shared * (kStreams - 1));
  EXPECT_LE(stats.cached_tokens, uint64_t{kSystem} * (kStreams - 1));
}

TEST_P(EngineLayouts, ARepeatedPromptComputesItsLastPageOnly) {
  auto engine = start({});
  for (int length : {1, 16, 17, 32, 33, 300, 512, 513}) {
    EngineRequest request;
    request.prompt = random_tokens(static_cast<size_t>(length), static_cast<uint64_t>(length));
    request.max_tokens = 2;
    Answer right = expected(request), first = submit(*engine, request).get(),
           second = submit(*engine, request).get();
    expect_same(first, right);
    expect_same(second, right);
    EXPECT_EQ(first.usage.cached_tokens, 0);
    EXPECT_EQ(second.usage.cached_tokens, (length - 1) / kPageTokens * kPageTokens) << length;
    EXPECT_EQ(second.usage.prompt_tokens, length);
  }
}

TEST_P(EngineLayouts, GeneratedRowsAreNotShared) {
  auto engine = start({});
  EngineRequest request;
  request.prompt = random_tokens(40, 9);
  request.max_tokens = 60;
  request.ignore_end = true;
  Answer answer = submit(*engine, request).get();
  for (const TokenEvent& event : answer.events) request.prompt.push_back(event.id);
  Answer again = submit(*engine, request).get();
  EXPECT_EQ(again.usage.cached_tokens, 32);
  expect_same(again, expected(request));
}

TEST_P(EngineLayouts, TenantsNeverShare) {
  auto engine = start({});
  EngineRequest request;
  request.prompt = random_tokens(100, 10);
  request.max_tokens = 1;
  auto cached = [&](const char* tenant) {
    request.tenant = tenant;
    return submit(*engine, request).get().usage.cached_tokens;
  };
  EXPECT_EQ(cached("a"), 0);
  EXPECT_EQ(cached("b"), 0);
  EXPECT_EQ(cached(""), 0);
  EXPECT_EQ(cached("a"), 96);
  EXPECT_EQ(cached("b"), 96);
}

TEST_P(EngineLayouts, AdaptersNeverShare) {
  auto engine = start({});
  EngineRequest request;
  request.prompt = random_tokens(100, 10);
  request.max_tokens = 1;
  auto cached = [&](std::shared_ptr<const LoadedAdapter> adapter) {
    request.adapter = std::move(adapter);
    const Answer answer = submit(*engine, request).get();
    expect_same(answer, expected(request));
    return answer.usage.cached_tokens;
  };
  EXPECT_EQ(cached(nullptr), 0);
  EXPECT_EQ(cached(HashNetwork::adapter(1)), 0);
  EXPECT_EQ(cached(HashNetwork::adapter(2)), 0);
  EXPECT_EQ(cached(HashNetwork::adapter(1)), 96);  // of equal digest, though another object
  EXPECT_EQ(cached(nullptr), 96);
}

// Prompts that begin alike wait for each other's pages only if these are of use to them.
TEST_P(EngineLayouts, OneAdaptersPromptDoesNotWaitForAnothers) {
  auto engine = start({});
  std::vector<EngineRequest> requests(8);
  for (size_t i = 0; i < requests.size(); i++) {
    requests[i].prompt = random_tokens(300, 11);
    requests[i].max_tokens = 2;
    if (i > 0) requests[i].adapter = HashNetwork::adapter(static_cast<float>(i % 4));
  }
  expect_right_answers(*engine, requests);
}

TEST_P(EngineLayouts, DestructionCancelsEverything) {
  EngineOptions options;
  options.max_running = 2;
  auto engine = start(options);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 20; i++) {
    EngineRequest request;
    request.prompt = random_tokens(200, static_cast<uint64_t>(i));
    request.ignore_end = true;
    answers.push_back(submit(*engine, request));
  }
  engine.reset();
  int cancelled = 0;
  for (auto& answer : answers) cancelled += answer.get().reason == FinishReason::cancelled;
  EXPECT_GE(cancelled, 18);  // an answer takes 1,800 steps
}

// Of all steps, each shared out whole: together no more than the process used.
TEST_P(EngineLayouts, CpuTimeIsChargedToThoseThatUsedIt) {
  const std::clock_t before = std::clock();
  auto engine = start({});
  std::vector<std::future<Answer>> answers;
  for (const EngineRequest& request : mixed_requests(12, 4)) {
    if (!request.choices) answers.push_back(submit(*engine, request));
  }
  double charged = 0;
  for (auto& answer : answers) {
    const double seconds = answer.get().usage.cpu_seconds;
    EXPECT_GT(seconds, 0);
    charged += seconds;
  }
  engine.reset();
  EXPECT_LE(charged, static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC + 0.001);
}

INSTANTIATE_TEST_SUITE_P(All, EngineLayouts,
                         testing::Values(StateLayout{"full", {0}, false}, StateLayout{"window", {40}, false},
                                         StateLayout{"full_and_windows", {64, 0, 17}, false},
                                         StateLayout{"full_and_snapshot", {0}, true},
                                         StateLayout{"everything", {0, 50}, true},
                                         StateLayout{"snapshot", {}, true}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace understudy
