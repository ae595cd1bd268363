#include "engine/ask.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <thread>

#include "engine/testing/engine_client.h"
#include "engine/testing/hash_network.h"

namespace understudy {
namespace {

constexpr int kVocabulary = 97;

class AskTest : public testing::Test {
 protected:
  void SetUp() override {
    network_->before_forward = [this] {
      if (on_step_) on_step_();
    };
    EngineOptions options;
    options.threads = 1;
    options.kv_bytes = 4 << 20;
    auto engine = Engine::create(EngineModel{network_, {0}, 1000, "digest"}, options);
    ASSERT_TRUE(engine.ok());
    engine_ = std::move(*engine);
  }

  static EngineRequest request(int max_tokens) {
    EngineRequest request;
    request.prompt = random_tokens(30, 2);
    request.max_tokens = max_tokens;
    request.sampling.temperature = 0;
    return request;
  }

  std::shared_ptr<HashNetwork> network_ = std::make_shared<HashNetwork>(kVocabulary, std::vector{0}, false);
  std::function<void()> on_step_;  // set while nothing runs
  std::unique_ptr<Engine> engine_;
};

TEST_F(AskTest, SumsTheAnswersLogProbabilities) {
  EngineRequest asked = request(12);
  asked.ignore_end = true;
  auto answer = ask_text(*engine_, asked);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  asked.logprobs = 0;
  const Answer events = submit(*engine_, asked).get();
  EXPECT_EQ(answer->tokens, events.tokens());
  EXPECT_EQ(answer->reason, FinishReason::length);
  EXPECT_EQ(answer->usage.completion_tokens, 12);
  double sum = 0;
  for (const TokenEvent& event : events.events) sum += static_cast<double>(*event.logprob);
  EXPECT_EQ(answer->logprob, sum);

  // The same with the sixth token as the end: it counts, but is no part of the answer.
  asked.stop_tokens = {events.events[5].id};
  auto stopped = ask_text(*engine_, asked);
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->reason, FinishReason::stop);
  size_t end = 0;
  for (sum = 0; events.events[end].id != asked.stop_tokens[0]; end++)
    sum += static_cast<double>(*events.events[end].logprob);
  EXPECT_EQ(stopped->tokens.size(), end);
  EXPECT_EQ(stopped->logprob, sum + static_cast<double>(*events.events[end].logprob));
}

TEST_F(AskTest, ChoicesFromManyThreads) {
  std::vector<std::thread> threads;
  std::vector<Choice> found(8);
  for (size_t i = 0; i < found.size(); i++) {
    threads.emplace_back([&, i] {
      EngineRequest asked = request(-1);
      asked.choices = random_choices(i);
      auto answer = ask_choice(*engine_, asked);
      if (answer.ok()) found[i] = answer->choice;
    });
  }
  for (auto& thread : threads) thread.join();
  for (size_t i = 0; i < found.size(); i++) {
    EngineRequest asked = request(-1);
    asked.choices = random_choices(i);
    const Answer answer = submit(*engine_, asked).get();
    ASSERT_TRUE(answer.choice);
    EXPECT_EQ(found[i].index, answer.choice->index);
    EXPECT_EQ(found[i].probability, answer.choice->probability);
  }
}

TEST_F(AskTest, ErrorsComeBack) {
  EXPECT_EQ(ask_text(*engine_, {}).error().where, "prompt");
  EXPECT_EQ(ask_choice(*engine_, request(1)).error().where, "choices");
  EngineRequest closed = request(1);
  closed.choices = random_choices(1);
  EXPECT_EQ(ask_text(*engine_, closed).error().where, "choices");
  network_->nan_from = 0;
  EXPECT_EQ(ask_text(*engine_, request(5)).error().code, ErrorCode::internal);
  network_->nan_from = std::numeric_limits<int>::max();

  on_step_ = [&] {
    for (RequestId id = 1; id < 10; id++) engine_->cancel(id);
  };
  EXPECT_EQ(ask_text(*engine_, request(5)).error().code, ErrorCode::cancelled);
  EXPECT_EQ(engine_->stats().requests_cancelled, 1u);
}

}  // namespace
}  // namespace understudy
