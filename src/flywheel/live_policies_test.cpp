#include "flywheel/live_policies.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "flywheel/answer.h"
#include "flywheel/home_folders.h"
#include "flywheel/prove_task.h"
#include "flywheel/testing/loop_home.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr const char* kChat = "/v1/chat/completions";

// One promoted policy, made once for all tests of this file; what a test changes it changes back.
class LivePoliciesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    loop_ = new LoopHome;
    loop_->record(1300, 0, true);
    ASSERT_TRUE(specialise(loop_->request(), *loop_->store, loop_->models).ok());
    ProveRequest proving;
    proving.home = loop_->home();
    proving.task = loop_->task.key();
    const auto proven = prove_task(proving, *loop_->store, loop_->models);
    ASSERT_TRUE(proven.ok() && proven->proof.verdict == Verdict::pass);
  }
  static void TearDownTestSuite() { delete loop_; }

  void SetUp() override { promote_as(PolicyState::all); }

  static Policy promote_as(PolicyState state, double share = 1) {
    PromoteRequest request;
    request.home = loop_->home();
    request.task = loop_->task.key();
    request.state = state;
    request.share = share;
    auto policy = promote(request);
    EXPECT_TRUE(policy.ok()) << policy.error().message();
    return *policy;
  }

  static std::unique_ptr<LivePolicies> open() {
    auto policies = LivePolicies::open(loop_->home(), loop_->models);
    EXPECT_TRUE(policies.ok());
    return std::move(*policies);
  }

  static std::string request(const std::string& text, json::object more = {}) {
    return chat_request(LoopHome::turns(text), std::move(more));
  }

  static LoopHome* loop_;
};
LoopHome* LivePoliciesTest::loop_ = nullptr;

TEST_F(LivePoliciesTest, AnswersInTheIncumbentsPlace) {
  const auto policies = open();
  EXPECT_EQ(policies->size(), 1U);
  EXPECT_TRUE(policies->problems().empty());
  size_t local = 0;
  for (size_t i = 5000; i < 5100; ++i) {
    const std::string text = request(LoopHome::text(i));
    const PolicyDecision decision = policies->decide("", kChat, text);
    EXPECT_EQ(decision.task, loop_->task.key());
    if (!decision.local) {
      EXPECT_TRUE(decision.reason == "below_tau" || decision.reason == "foreign_input") << decision.reason;
      continue;
    }
    ++local;
    EXPECT_EQ(decision.reason, "specialist");
    const CallAnswer answer = read_answer(decision.response);
    EXPECT_EQ(answer.value, LoopHome::right(i));
    EXPECT_EQ(answer.model, "big-model");
    EXPECT_GE(*decision.confidence, 0);
  }
  EXPECT_GT(local, 90U);
}

TEST_F(LivePoliciesTest, TheResponseIsAChatCompletion) {
  const auto policies = open();
  const std::string text = request(LoopHome::text(5000));
  const PolicyDecision decision = policies->decide("", kChat, text),
                       again = policies->decide("", kChat, text);
  ASSERT_TRUE(decision.local) << decision.reason;
  const auto parsed = parse_json(decision.response);
  ASSERT_TRUE(parsed.ok());
  const json::object& response = parsed->as_object();
  EXPECT_EQ(response.at("object"), "chat.completion");
  EXPECT_EQ(response.at("model"), "big-model");
  EXPECT_TRUE(response.at("id").as_string().starts_with("chatcmpl-"));
  const json::object& choice = response.at("choices").as_array().at(0).as_object();
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("message").as_object().at("role"), "assistant");
  EXPECT_TRUE(response.at("usage").as_object().contains("total_tokens"));
  EXPECT_EQ(parse_json(again.response)->as_object().at("id"), response.at("id"));
  EXPECT_EQ(again.confidence, decision.confidence);
}

struct Hard {
  const char* reason;
  std::string request;
  const char* project = "";
  const char* endpoint = kChat;
};

TEST_F(LivePoliciesTest, NothingThatDiffersFromTheContractIsAnswered) {
  const std::string good = LoopHome::text(5000);
  Turns label_added = LoopHome::turns(good), edited = label_added, second_turn = label_added,
        no_system = label_added;
  label_added[0].second.replace(label_added[0].second.find(" or loan"), 8, ", loan or card");
  edited[0].second += " Be brief.";
  second_turn.push_back({"assistant", "fees"});
  second_turn.push_back({"user", "Message: " + good});
  no_system.erase(no_system.begin());
  const json::value tools = *parse_json(R"([{"type":"function","function":{"name":"search"}}])");
  std::string image = request(good);
  image.replace(image.find("\"Message: "), 0,
                R"([{"type":"image_url","image_url":{"url":"data:,"}},{"type":"text","text":)");
  const size_t end = image.find("\"}]", image.find("Message: "));
  image.replace(end, 1, "\"}]");
  json::object other_model = parse_json(request(good))->as_object();
  other_model["model"] = "bigger-model";

  const Hard cases[] = {
      {"contract:skeleton", chat_request(label_added)},
      {"contract:skeleton", chat_request(edited)},
      {"contract:multi_turn", chat_request(second_turn)},
      {"contract:layout", chat_request(no_system)},
      {"contract:tools", request(good, {{"tools", tools}})},
      {"contract:several_answers", request(good, {{"n", 2}})},
      {"contract:media", image},
      {"contract:response_format", request(good, {{"response_format", {{"type", "json_object"}}}})},
      {"contract:parameters", request(good, {{"temperature", 0}})},
      {"contract:parameters", request(good, {{"max_tokens", 3}})},
      {"contract:parameters", request(good, {{"logprobs", true}})},
      {"no_policy", json::serialize(other_model)},
      {"no_policy", request(good), "another project"},
      {"no_policy", request(good), "", "/v1/embeddings"},
      {"contract:endpoint", request(good), "", "/v1/completions"},
      {"contract:unreadable", "{"},
  };
  const auto policies = open();
  ASSERT_TRUE(policies->decide("", kChat, request(good)).local);
  for (const Hard& hard : cases) {
    const PolicyDecision decision = policies->decide(hard.project, hard.endpoint, hard.request);
    EXPECT_FALSE(decision.local) << hard.request;
    EXPECT_EQ(decision.reason, hard.reason) << hard.request;
    EXPECT_TRUE(decision.response.empty());
  }
}

TEST_F(LivePoliciesTest, ForeignInputsGoUp) {
  const auto policies = open();
  const std::string foreign[] = {"zzz qqq xxx vvv", "SELECT name FROM users WHERE id = 7",
                                 std::string(WordEmbedder::kMaxBytes + 1, 'a')};
  for (const std::string& text : foreign) {
    const PolicyDecision decision = policies->decide("", kChat, request(text));
    EXPECT_FALSE(decision.local) << text;
    EXPECT_EQ(decision.reason, "foreign_input") << text;
    EXPECT_EQ(decision.task, loop_->task.key());
  }
}

TEST_F(LivePoliciesTest, AuditsTwentyADayAndAShareOfTheRest) {
  const auto policies = open();
  int audits = 0, local = 0, first_audits = 0;
  for (size_t i = 5000; i < 5500; ++i) {
    const PolicyDecision decision = policies->decide("", kChat, request(LoopHome::text(i)));
    local += decision.local ? 1 : 0;
    audits += decision.audit ? 1 : 0;
    if (local == 20) first_audits = audits;
    EXPECT_TRUE(decision.local || !decision.audit);
  }
  EXPECT_EQ(first_audits, 20);
  const double rest = static_cast<double>(audits - 20) / (local - 20);
  EXPECT_GT(rest, 0.02);
  EXPECT_LT(rest, 0.09);
}

TEST_F(LivePoliciesTest, AShareIsAlwaysTheSameCalls) {
  promote_as(PolicyState::share, 0.3);
  const auto policies = open();
  int shared = 0;
  for (size_t i = 5000; i < 5400; ++i) {
    const std::string text = request(LoopHome::text(i));
    const PolicyDecision decision = policies->decide("", kChat, text);
    EXPECT_EQ(policies->decide("", kChat, text).reason, decision.reason);
    shared += decision.reason == "share" ? 1 : 0;
  }
  EXPECT_NEAR(shared, 280, 40);
}

TEST_F(LivePoliciesTest, AShadowAnswersNothing) {
  promote_as(PolicyState::shadow);
  const auto policies = open();
  const PolicyDecision decision = policies->decide("", kChat, request(LoopHome::text(5000)));
  EXPECT_FALSE(decision.local);
  EXPECT_EQ(decision.reason, "shadow");
  EXPECT_TRUE(decision.confidence);
}

TEST_F(LivePoliciesTest, ARollbackActsAtOnce) {
  const auto policies = open();
  const std::string text = request(LoopHome::text(5000));
  ASSERT_TRUE(policies->decide("", kChat, text).local);
  ASSERT_TRUE(rollback({loop_->home(), loop_->task.key().substr(0, 8), "test", ""}).ok());
  EXPECT_EQ(policies->decide("", kChat, text).reason, "rolled_back");
  promote_as(PolicyState::all);
  EXPECT_TRUE(policies->decide("", kChat, text).local);
  const auto keys = rollback({loop_->home(), "", "test", "all of it"});
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(*keys, std::vector<std::string>{loop_->task.key()});
  EXPECT_EQ(policies->decide("", kChat, text).reason, "rolled_back");
  EXPECT_EQ(rollback({loop_->home(), "ffff", "test", ""}).error().code, ErrorCode::not_found);
}

TEST_F(LivePoliciesTest, AnotherSpecialistThanThePromotedIsNotLoaded) {
  const auto chosen = chosen_specialist(loop_->home(), loop_->task.key());
  ASSERT_TRUE(chosen.ok());
  const std::string folder = loop_->home() + '/' + *chosen;
  const auto proven = read_manifest(folder);
  ASSERT_TRUE(proven.ok());
  SpecialistManifest other = *proven;
  other.tau = 0.77;
  ASSERT_TRUE(write_manifest(other, folder).ok());
  const auto policies = open();
  EXPECT_EQ(policies->size(), 0U);
  EXPECT_EQ(policies->problems().size(), 1U);
  EXPECT_EQ(policies->decide("", kChat, request(LoopHome::text(5000))).reason, "no_policy");
  ASSERT_TRUE(write_manifest(*proven, folder).ok());
}

TEST_F(LivePoliciesTest, NoPoliciesNoDecisions) {
  Models models(
      [](const std::string&) -> Result<ModelLocation> { return Error{ErrorCode::not_found, "", "", ""}; });
  const auto policies = LivePolicies::open(loop_->folder.file("nowhere"), models);
  ASSERT_TRUE(policies.ok());
  EXPECT_EQ((*policies)->decide("", kChat, request(LoopHome::text(1))).reason, "no_policy");
}

TEST_F(LivePoliciesTest, ThreadsMayDecideTogether) {
  const auto policies = open();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (size_t i = 5000; i < 5050; ++i) {
        const PolicyDecision decision = policies->decide("", kChat, request(LoopHome::text(i + thread)));
        if (decision.local && read_answer(decision.response).value != LoopHome::right(i + thread)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace understudy
