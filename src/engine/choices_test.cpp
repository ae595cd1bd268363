// Closed choices: what is refused, what is chosen and with which probability, and what it takes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/choice_path.h"
#include "engine/engine.h"
#include "engine/limits.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/hash_network.h"

namespace understudy {
namespace {

constexpr int kVocabulary = 97;
constexpr int kPrompt = 12;  // tokens: one step at any pace
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::shared_ptr<const Choices> choices_of(std::vector<std::vector<TokenId>> tokens) {
  return std::make_shared<const Choices>(Choices{std::move(tokens)});
}

TEST(CheckChoices, RefusesWhatIsNoClosedSet) {
  const auto refused = [](std::vector<std::vector<TokenId>> tokens) {
    const Status status = check_choices(Choices{std::move(tokens)}, kVocabulary);
    if (status.ok()) return false;
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(status.error().where, "choices");
    return true;
  };
  EXPECT_FALSE(refused({{1}}));
  EXPECT_FALSE(refused({{1, 2}, {1, 3}, {2}, {0, kVocabulary - 1}}));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{1}, {}}));
  EXPECT_TRUE(refused({{1}, {kVocabulary}}));
  EXPECT_TRUE(refused({{1}, {2, -1}}));
  EXPECT_TRUE(refused({{5, 1}, {3}, {5, 1}}));
  EXPECT_TRUE(refused({{5, 1, 7}, {5, 2}, {5, 1}}));
  EXPECT_TRUE(refused({{5}, {6}, {5, 1, 7, 8}}));
  EXPECT_TRUE(refused(std::vector<std::vector<TokenId>>(kMaxChoices + 1, {1})));
  EXPECT_TRUE(refused({std::vector<TokenId>(kMaxChoiceTokens + 1, 1)}));
}

TEST(ChoicePath, MultipliesWhatIsRenormalised) {
  ChoicePath path(choices_of({{4, 1}, {2, 7, 7, 3}, {4, 2}, {2, 7, 7, 5}, {9}}));
  std::vector<float> logits(10, 50.0f);  // of tokens that cannot follow
  logits[2] = 1.5f;
  logits[4] = 1;
  logits[9] = -2;
  ASSERT_FALSE(path.decided());
  EXPECT_EQ(path.forced(), std::nullopt);
  EXPECT_EQ(path.choose(logits), 2);
  path.follow(2);
  for (int i = 0; i < 2; i++) {
    ASSERT_FALSE(path.decided());
    EXPECT_EQ(path.forced(), 7);
    path.follow(7);
  }
  EXPECT_EQ(path.forced(), std::nullopt);
  logits[3] = logits[5] = 0.25f;
  EXPECT_EQ(path.choose(logits), 3);  // the lower id of equal ones
  path.follow(3);
  ASSERT_TRUE(path.decided());
  EXPECT_EQ(path.choice().index, 1);
  const double first = std::exp(1.5) / (std::exp(1.5) + std::exp(1.0) + std::exp(-2.0));
  EXPECT_NEAR(path.choice().probability, first / 2, 1e-15);
}

TEST(ChoicePath, TakesWhatIsNoNumberAsImpossible) {
  const auto choices = choices_of({{0}, {1}, {2}});
  const auto choose = [&](std::vector<float> logits) {
    ChoicePath path(choices);
    const auto token = path.choose(logits);
    if (!token) return Choice{};
    path.follow(*token);
    return path.choice();
  };
  EXPECT_EQ(choose({NAN, -kInfinity, NAN}).index, -1);
  EXPECT_EQ(choose({NAN, -kInfinity, -1000}).index, 2);
  EXPECT_EQ(choose({NAN, -kInfinity, -1000}).probability, 1);
  EXPECT_EQ(choose({5, kInfinity, kInfinity}).index, 1);
  EXPECT_EQ(choose({5, kInfinity, kInfinity}).probability, 0.5);
  EXPECT_EQ(choose({3e38f, -3e38f, 0}).probability, 1);
}

class EngineChoices : public testing::Test {
 protected:
  std::unique_ptr<Engine> start(int trained_context = 1000) {
    network_->before_forward = [this] {
      steps_++;
      if (on_step_) on_step_();
    };
    EngineOptions options;
    options.threads = 1;
    options.kv_bytes = 4 << 20;
    auto engine = Engine::create(EngineModel{network_, {0}, trained_context, "digest"}, options);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    return std::move(*engine);
  }
  void TearDown() override { EXPECT_EQ(network_->violations(), std::vector<std::string>{}); }

  static EngineRequest request_of(std::vector<std::vector<TokenId>> tokens) {
    EngineRequest request;
    request.prompt = random_tokens(kPrompt, 1);
    request.choices = choices_of(std::move(tokens));
    request.max_tokens = 0;  // does not count
    return request;
  }

  std::shared_ptr<HashNetwork> network_ = std::make_shared<HashNetwork>(kVocabulary, std::vector{0}, false);
  std::function<void()> on_step_;
  std::atomic<int> steps_ = 0;
};

TEST_F(EngineChoices, OneChoiceTakesNoStep) {
  auto engine = start();
  Answer answer = submit(*engine, request_of({{3, 4, 5}})).get();
  ASSERT_TRUE(answer.choice);
  EXPECT_EQ(answer.choice->index, 0);
  EXPECT_EQ(answer.choice->probability, 1);
  EXPECT_EQ(answer.reason, FinishReason::stop);
  EXPECT_EQ(answer.usage.completion_tokens, 0);
  EXPECT_GE(answer.usage.first_token_ms, answer.usage.queue_ms);
  EXPECT_EQ(steps_, 0);
  EXPECT_EQ(engine->stats().kv_bytes_used, 0u);
  EXPECT_EQ(engine->stats().running, 0);

  EngineRequest scored = request_of({{3, 4, 5}});
  scored.prompt_logprobs = true;
  answer = submit(*engine, scored).get();
  EXPECT_EQ(answer.prompt_events.size(), size_t{kPrompt});
  ASSERT_TRUE(answer.choice);
  EXPECT_EQ(answer.choice->probability, 1);
  EXPECT_EQ(steps_, 1);
}

TEST_F(EngineChoices, EndsAsSoonAsOneIsLeftAndFeedsForcedTokensTogether) {
  auto engine = start();
  // Prompt; nothing more: each has its own first token.
  Answer answer = submit(*engine, request_of({{1, 5, 5, 5}, {2, 5, 5}, {3, 5}})).get();
  EXPECT_TRUE(answer.choice);
  EXPECT_EQ(answer.usage.completion_tokens, 1);
  EXPECT_EQ(steps_, 1);
  // Prompt, then 20 forced rows, of which a page a step.
  std::vector<TokenId> a(20, 7), b(20, 7);
  a.push_back(1);
  b.push_back(2);
  steps_ = 0;
  answer = submit(*engine, request_of({a, b})).get();
  EXPECT_TRUE(answer.choice);
  EXPECT_EQ(answer.usage.completion_tokens, 21);
  EXPECT_EQ(steps_, 3);
  EXPECT_TRUE(answer.events.empty());
}

TEST_F(EngineChoices, AreRefusedBeforeAnythingRuns) {
  auto engine = start(/*trained_context=*/100);
  const auto refused = [&](EngineRequest request) {
    request.on_finish = [](FinishReason, const Usage&, const Error*) { ADD_FAILURE(); };
    auto id = engine->submit(std::move(request));
    EXPECT_FALSE(id.ok());
    return id.ok() ? Error{} : id.error();
  };
  EXPECT_EQ(refused(request_of({{1, 2}, {1}})).where, "choices");
  EXPECT_EQ(refused(request_of({})).where, "choices");
  std::vector<TokenId> fits(100 - kPrompt, 7), longer(101 - kPrompt, 8);
  EXPECT_TRUE(submit(*engine, request_of({fits, {1}})).get().choice);
  const Error error = refused(request_of({fits, longer}));
  EXPECT_EQ(error.code, ErrorCode::context_overflow);
  EXPECT_EQ(error.where, "choices");
  EXPECT_NE(error.what.find("89"), std::string::npos) << error.what;
}

TEST_F(EngineChoices, ACancelledRequestGetsNone) {
  std::promise<RequestId> id;
  auto known_id = id.get_future().share();
  Engine* running = nullptr;
  on_step_ = [&] {
    if (steps_ == 2) running->cancel(known_id.get());
  };
  auto engine = start();
  running = engine.get();
  std::vector<TokenId> a(40, 7), b(40, 7);
  a.push_back(1);
  b.push_back(2);
  RequestId submitted = 0;
  auto future = submit(*engine, request_of({a, b}), &submitted);
  id.set_value(submitted);
  const Answer answer = future.get();
  EXPECT_EQ(answer.reason, FinishReason::cancelled);
  EXPECT_FALSE(answer.choice);
  EXPECT_LT(steps_, 4);
  EXPECT_EQ(engine->stats().kv_bytes_used, 0u);
}

TEST_F(EngineChoices, LogitsThatAreNoNumbersAreAnError) {
  auto engine = start();
  network_->nan_from = kPrompt + 1;  // behind the two rows that decide
  const Answer answer = submit(*engine, request_of({{1, 2}, {1, 3}, {4, 2}, {4, 3}})).get();
  EXPECT_EQ(answer.reason, FinishReason::stop);
  network_->nan_from = kPrompt;
  const Answer broken = submit(*engine, request_of({{1, 2}, {1, 3}, {4, 2}, {4, 3}})).get();
  EXPECT_EQ(broken.reason, FinishReason::error);
  EXPECT_FALSE(broken.choice);
}

}  // namespace
}  // namespace understudy
