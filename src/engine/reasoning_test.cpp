// Reasoning budgets: thoughts end where they must, and an answer follows.
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/hash_network.h"

namespace understudy {
namespace {

constexpr int kVocabulary = 97;
constexpr TokenId kBegin = 90, kEnd = 91;
const std::vector<TokenId> kClosing{80, kEnd, 81};

class Reasoning : public testing::Test {
 protected:
  std::unique_ptr<Engine> start() {
    EngineOptions options;
    options.threads = 1;
    options.kv_bytes = 4 << 20;
    return std::move(*Engine::create(EngineModel{network_, {0}, 4096, "digest"}, options));
  }
  void TearDown() override { EXPECT_EQ(network_->violations(), std::vector<std::string>{}); }

  // The markers and the end do not come by themselves.
  static EngineRequest request_of(int budget, bool begun) {
    EngineRequest request;
    request.prompt = random_tokens(12, 1);
    request.max_tokens = 100;
    request.ignore_end = true;
    request.sampling.seed = 7;
    for (const TokenId id : {kBegin, kEnd, 80, 81}) request.sampling.logit_bias[id] = -1000;
    request.reasoning = ReasoningBudget{kBegin, kEnd, begun, budget, kClosing};
    return request;
  }

  std::shared_ptr<HashNetwork> network_ = std::make_shared<HashNetwork>(kVocabulary, std::vector{0}, false);
};

TEST_F(Reasoning, EndsAtItsBudgetAndAnAnswerFollows) {
  auto engine = start();
  for (const int budget : {0, 1, 30, 90}) {
    const Answer answer = submit(*engine, request_of(budget, true)).get();
    const std::vector<TokenId> tokens = answer.tokens();
    ASSERT_EQ(tokens.size(), 100u);
    EXPECT_EQ(answer.usage.reasoning_tokens, budget);
    EXPECT_TRUE(std::equal(kClosing.begin(), kClosing.end(), tokens.begin() + budget)) << budget;
    EXPECT_EQ(std::count(tokens.begin(), tokens.end(), kEnd), 1);
  }
}

TEST_F(Reasoning, ABudgetAboveTheLengthChangesNothing) {
  auto engine = start();
  EngineRequest plain = request_of(0, true);
  plain.reasoning.reset();
  EXPECT_EQ(submit(*engine, request_of(1000, true)).get().tokens(), submit(*engine, plain).get().tokens());
}

TEST_F(Reasoning, AnswersThatDoNotBeginWithThoughtsAreLeftAlone) {
  auto engine = start();
  EngineRequest plain = request_of(0, false);
  plain.reasoning.reset();
  const Answer answer = submit(*engine, request_of(0, false)).get();
  EXPECT_EQ(answer.tokens(), submit(*engine, plain).get().tokens());
  EXPECT_EQ(answer.usage.reasoning_tokens, 0);
}

TEST_F(Reasoning, BeginsWithItsToken) {
  auto engine = start();
  EngineRequest request = request_of(5, false);
  request.sampling.logit_bias[kBegin] = 1000;  // and goes on with it
  const std::vector<TokenId> tokens = submit(*engine, request).get().tokens();
  ASSERT_EQ(tokens.size(), 100u);
  EXPECT_EQ(std::count(tokens.begin(), tokens.begin() + 6, kBegin), 6);
  EXPECT_TRUE(std::equal(kClosing.begin(), kClosing.end(), tokens.begin() + 6));
}

TEST_F(Reasoning, StepByStepIsTheSame) {
  auto engine = start();
  EngineRequest request = request_of(30, true);
  const std::vector<TokenId> at_once = submit(*engine, request).get().tokens();
  request.fast_forward = false;
  EXPECT_EQ(submit(*engine, request).get().tokens(), at_once);
}

}  // namespace
}  // namespace understudy
