// What the engine refuses, how answers end, and what it does by default.
#include <gtest/gtest.h>

#include <climits>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "engine/engine.h"
#include "engine/memory_limit.h"
#include "engine/state_cache.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/hash_network.h"

namespace understudy {
namespace {

constexpr int kVocabulary = 97;

std::unique_ptr<Engine> start(std::shared_ptr<HashNetwork> network, EngineOptions options = {},
                              int trained = 1000) {
  options.threads = 1;
  if (options.kv_bytes == 0) options.kv_bytes = 4 << 20;
  auto engine = Engine::create(EngineModel{std::move(network), {0}, trained, "digest"}, options);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message());
  return engine.ok() ? std::move(*engine) : nullptr;
}

std::shared_ptr<HashNetwork> full_network() {
  return std::make_shared<HashNetwork>(kVocabulary, std::vector{0}, false);
}

EngineRequest request_of(size_t prompt, int max_tokens) {
  EngineRequest request;
  request.prompt = random_tokens(prompt, prompt);
  request.max_tokens = max_tokens;
  request.ignore_end = true;
  return request;
}

// Holds the engine's thread inside forward().
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    arrived_++;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_for_arrival() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ > 0; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

TEST(EngineSubmit, RefusesWhatIsWrongWithTheRequest) {
  auto engine = start(full_network());
  auto error = [&](const std::function<void(EngineRequest&)>& change) {
    EngineRequest request = request_of(10, 5);
    request.on_finish = [](FinishReason, const Usage&, const Error*) {
      ADD_FAILURE() << "called for a refused request";
    };
    change(request);
    auto result = engine->submit(std::move(request));
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error{} : result.error();
  };
  auto refused = [&](const char* where, const std::function<void(EngineRequest&)>& change) {
    Error e = error(change);
    EXPECT_EQ(e.code, ErrorCode::invalid_argument) << e.message();
    EXPECT_EQ(e.where, where);
  };
  refused("prompt", [](auto& r) { r.prompt.clear(); });
  refused("prompt", [](auto& r) { r.prompt[3] = kVocabulary; });
  refused("prompt", [](auto& r) { r.prompt[9] = -1; });
  refused("stop_tokens", [](auto& r) { r.stop_tokens = {1, INT_MAX}; });
  refused("stop_tokens", [](auto& r) { r.stop_tokens.resize(100000); });
  refused("logprobs", [](auto& r) { r.logprobs = 101; });
  refused("logprobs", [](auto& r) { r.logprobs = -2; });
  refused("max_tokens", [](auto& r) { r.max_tokens = -2; });
  refused("temperature", [](auto& r) { r.sampling.temperature = std::numeric_limits<float>::quiet_NaN(); });

  for (int max_tokens : {991, INT_MAX}) {
    Error e = error([&](auto& r) { r.max_tokens = max_tokens; });
    EXPECT_EQ(e.code, ErrorCode::context_overflow);
    EXPECT_NE(e.what.find(std::to_string(max_tokens)), std::string::npos) << e.what;
    EXPECT_NE(e.what.find("1000"), std::string::npos) << e.what;
  }
  EXPECT_EQ(error([](auto& r) { r.prompt.assign(1000, 1), r.max_tokens = -1; }).code,
            ErrorCode::context_overflow);
  EXPECT_EQ(error([](auto& r) { r.prompt.assign(1001, 1), r.max_tokens = 0; }).code,
            ErrorCode::context_overflow);
}

TEST(EngineSubmit, FillsTheContextToTheLastToken) {
  auto engine = start(full_network());
  Answer answer = submit(*engine, request_of(990, 10)).get();
  EXPECT_EQ(answer.events.size(), 10u);
  EXPECT_EQ(answer.reason, FinishReason::length);
  answer = submit(*engine, request_of(960, -1)).get();
  EXPECT_EQ(answer.events.size(), 40u);
  EXPECT_EQ(answer.reason, FinishReason::length);
  answer = submit(*engine, request_of(1000, 0)).get();
  EXPECT_EQ(answer.events.size(), 0u);
  EXPECT_EQ(answer.reason, FinishReason::length);
  EXPECT_EQ(answer.usage.prompt_tokens, 1000);
}

TEST(EngineSubmit, RefusesWhenTheQueueIsFull) {
  auto network = full_network();
  Gate gate;
  network->before_forward = [&] { gate.pass(); };
  EngineOptions options;
  options.max_running = 1;
  options.max_queued = 2;
  auto engine = start(network, options);
  std::vector<std::future<Answer>> answers;
  answers.push_back(submit(*engine, request_of(5, 2)));
  gate.wait_for_arrival();
  RequestId last = 0;
  for (int i = 0; i < 2; i++) answers.push_back(submit(*engine, request_of(5, 2), &last));
  EXPECT_EQ(engine->stats().running, 1);
  EXPECT_EQ(engine->stats().queued, 2);
  auto refused = engine->submit(request_of(5, 2));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::exhausted);
  engine->cancel(last);
  gate.open();
  EXPECT_EQ(answers[0].get().reason, FinishReason::length);
  EXPECT_EQ(answers[1].get().reason, FinishReason::length);
  EXPECT_EQ(answers[2].get().reason, FinishReason::cancelled);
}

TEST(EngineSubmit, WaitsForMemoryInOrder) {
  auto network = full_network();
  EngineOptions options;
  options.context = 160;
  options.prefill_chunk = 16;
  options.kv_bytes = StateCache::sequence_bytes(network->page_groups(), 0, 16, 160) * 2;
  auto engine = start(network, options);
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; i++) {
    EngineRequest request = request_of(static_cast<size_t>(100 + i), 60 - i);
    answers.push_back(submit(*engine, std::move(request), nullptr, [&, i](RequestId, size_t tokens) {
      std::lock_guard lock(mutex);
      if (tokens == 1) order.push_back(i);
    }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get().reason, FinishReason::length);
  // Two at a time; the prompts of one pair may end in the same step.
  ASSERT_EQ(order.size(), 8u);
  for (int i = 0; i < 8; i++) EXPECT_LE(std::abs(order[static_cast<size_t>(i)] - i), 1);
  EXPECT_EQ(network->violations(), std::vector<std::string>{});
}

TEST(EngineFinish, StopAndEndTokensEndTheAnswerAndAreNotPartOfIt) {
  auto engine = start(full_network());
  EngineRequest request = request_of(20, 200);
  request.sampling.temperature = 0;
  Answer whole = submit(*engine, request).get();
  ASSERT_EQ(whole.events.size(), 200u);
  TokenId stop = whole.events[30].id;
  size_t first = 0;
  while (whole.events[first].id != stop) first++;
  request.stop_tokens = {stop};
  Answer stopped = submit(*engine, request).get();
  EXPECT_EQ(stopped.reason, FinishReason::stop);
  EXPECT_EQ(stopped.events.size(), first);
  EXPECT_EQ(stopped.usage.completion_tokens, static_cast<int>(first));

  request.stop_tokens.clear();
  request.ignore_end = false;
  request.sampling.logit_bias[0] = 1000;  // the model's end token
  Answer ended = submit(*engine, request).get();
  EXPECT_EQ(ended.reason, FinishReason::stop);
  EXPECT_EQ(ended.events.size(), 0u);
  request.ignore_end = true;
  EXPECT_EQ(submit(*engine, request).get().tokens(), std::vector<TokenId>(200, 0));
}

TEST(EngineFinish, LogitsThatAreNoNumbersAreAnErrorOfThatRequestOnly) {
  auto network = full_network();
  network->nan_from = 50;
  auto engine = start(network);
  auto bad = submit(*engine, request_of(40, 30)), good = submit(*engine, request_of(10, 20));
  Answer answer = bad.get();
  EXPECT_EQ(answer.reason, FinishReason::error);
  EXPECT_EQ(answer.events.size(), 11u);  // after rows 39 to 49
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, ErrorCode::internal);
  EXPECT_EQ(good.get().reason, FinishReason::length);
  EXPECT_EQ(engine->stats().requests_failed, 1u);
  EXPECT_EQ(engine->stats().kv_bytes_used, 0u);
}

// A vocabulary large enough that the rows of a step are sampled on several threads.
TEST(EngineFinish, ManyStreamsSampledOnAllThreadsGetTheTokensTheyGetAlone) {
  EngineOptions options;
  options.threads = 3;
  options.kv_bytes = 4 << 20;
  auto engine = Engine::create(
      EngineModel{std::make_shared<HashNetwork>(20000, std::vector{0}, false), {}, 1000, ""}, options);
  ASSERT_TRUE(engine.ok());
  std::vector<EngineRequest> requests;
  for (size_t i = 0; i < 8; i++) {
    EngineRequest request = request_of(20 + i, 12);
    request.sampling.seed = i;
    request.sampling.top_p = i % 2 == 0 ? 1.0f : 0.9f;
    request.sampling.repetition_penalty = i % 3 == 0 ? 1.1f : 1.0f;
    request.logprobs = static_cast<int>(i % 3) - 1;
    request.prompt_logprobs = i % 4 == 0;
    requests.push_back(std::move(request));
  }
  std::vector<std::future<Answer>> together;
  for (auto& request : requests) together.push_back(submit(**engine, request));
  for (size_t i = 0; i < requests.size(); i++) {
    Answer alone = submit(**engine, requests[i]).get(), mixed = together[i].get();
    EXPECT_EQ(alone.tokens(), mixed.tokens());
    EXPECT_EQ(alone.tokens().size(), 12u);
    EXPECT_EQ(alone.prompt_events.size(), mixed.prompt_events.size());
    for (size_t t = 0; t < 12; t++) EXPECT_EQ(alone.events[t].logprob, mixed.events[t].logprob);
    for (size_t t = 0; t < alone.prompt_events.size(); t++) {
      EXPECT_EQ(alone.prompt_events[t].logprob, mixed.prompt_events[t].logprob);
    }
  }
}

TEST(EngineFinish, UsageHasOrderedTimes) {
  auto engine = start(full_network());
  Usage usage = submit(*engine, request_of(300, 5)).get().usage;
  EXPECT_GE(usage.queue_ms, 0);
  EXPECT_GE(usage.first_token_ms, usage.queue_ms);
  EXPECT_GE(usage.total_ms, usage.first_token_ms);
}

TEST(EngineCancel, FreesAWaitingAndARunningRequest) {
  auto network = full_network();
  Gate gate;
  network->before_forward = [&] { gate.pass(); };
  EngineOptions options;
  options.max_running = 1;
  auto engine = start(network, options);
  RequestId running = 0, waiting = 0;
  auto first = submit(*engine, request_of(10, 900), &running);
  gate.wait_for_arrival();
  auto second = submit(*engine, request_of(10, 900), &waiting);
  engine->cancel(waiting);
  engine->cancel(running);
  engine->cancel(running);
  engine->cancel(12345);
  gate.open();
  Answer answer = first.get();
  EXPECT_EQ(answer.reason, FinishReason::cancelled);
  EXPECT_EQ(answer.events.size(), 0u);  // nobody waited for the running step
  EXPECT_EQ(second.get().reason, FinishReason::cancelled);
  EXPECT_EQ(engine->stats().requests_cancelled, 2u);
  EXPECT_EQ(submit(*engine, request_of(10, 3)).get().reason, FinishReason::length);
}

TEST(EngineCreate, RefusesOptionsOutOfRange) {
  auto refused = [](const std::function<void(EngineOptions&)>& change) {
    EngineOptions options;
    options.threads = 1;
    options.kv_bytes = 1 << 20;
    change(options);
    auto engine = Engine::create(EngineModel{full_network(), {}, 1000, ""}, options);
    EXPECT_FALSE(engine.ok());
    return engine.ok() ? std::string() : engine.error().where;
  };
  EXPECT_EQ(refused([](auto& o) { o.threads = -1; }), "threads");
  EXPECT_EQ(refused([](auto& o) { o.threads = 1 << 20; }), "threads");
  EXPECT_EQ(refused([](auto& o) { o.context = -1; }), "context");
  EXPECT_EQ(refused([](auto& o) { o.context = 1001; }), "context");
  EXPECT_EQ(refused([](auto& o) { o.max_running = 0; }), "max_running");
  EXPECT_EQ(refused([](auto& o) { o.max_queued = -1; }), "max_queued");
  EXPECT_EQ(refused([](auto& o) { o.prefill_chunk = 15; }), "prefill_chunk");
  EXPECT_EQ(refused([](auto& o) { o.kv_bytes = 1; }), "kv_bytes");
  EXPECT_EQ(refused([](auto& o) { o.context = 1000, o.kv_bytes = 1000; }), "kv_bytes");
  EXPECT_EQ(refused([](auto& o) { o.kv_bytes = SIZE_MAX; }), "kv_bytes");
}

TEST(EngineCreate, ContextIsTheModelsAsFarAsMemoryAllows) {
  size_t page = HashNetwork::kPageBytes;
  EngineOptions options;
  options.kv_bytes = 10 * page;
  EXPECT_EQ(start(full_network(), options)->context(), 10 * kPageTokens);
  options.kv_bytes = 1000 * page;
  EXPECT_EQ(start(full_network(), options)->context(), 1000);
  options.context = 300;
  EXPECT_EQ(start(full_network(), options)->context(), 300);
  options.context = 0;
  EXPECT_EQ(start(full_network(), options, 0)->context(), 1000 * kPageTokens);  // trained context unknown
}

TEST(EngineCreate, DefaultMemoryIsWhatAllPlacesCanUse) {
  EngineOptions options;
  options.threads = 1;
  options.max_running = 3;
  auto engine = Engine::create(EngineModel{full_network(), {}, 1000, ""}, options);
  ASSERT_TRUE(engine.ok());
  EXPECT_EQ((*engine)->stats().kv_bytes_total, 3 * 63 * HashNetwork::kPageBytes);
  EXPECT_GT(usable_memory(), size_t{1} << 20);
}

TEST(EngineMemory, WindowsLetALongAnswerRunInLittleMemory) {
  auto network = std::make_shared<HashNetwork>(kVocabulary, std::vector{32}, false);
  EngineOptions options;
  options.prefill_chunk = 16;
  options.kv_bytes = 4 * HashNetwork::kPageBytes;  // a window of two pages and what it and a chunk straddle
  auto engine = start(network, options, 5000);
  EXPECT_EQ(engine->context(), 5000);
  EXPECT_EQ(submit(*engine, request_of(500, 1500)).get().events.size(), 1500u);
  EXPECT_EQ(network->violations(), std::vector<std::string>{});
}

}  // namespace
}  // namespace understudy
