#include "store/prices.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "base/json.h"
#include "store/usage.h"

namespace understudy {
namespace {

Call call_of(const std::string& model, std::optional<int64_t> prompt, std::optional<int64_t> completion,
             std::optional<int64_t> cached = std::nullopt) {
  Call call;
  call.model = model;
  call.prompt_tokens = prompt;
  call.completion_tokens = completion;
  call.cached_tokens = cached;
  return call;
}

TEST(Prices, CostIsByKindOfToken) {
  const PriceTable& prices = PriceTable::defaults();
  // 1,000 x 2.50 + 100 x 10, and with 800 of the prompt cached at 1.25.
  EXPECT_DOUBLE_EQ(*upstream_cost_usd(call_of("gpt-4o", 1000, 100), prices), 0.0035);
  EXPECT_DOUBLE_EQ(*upstream_cost_usd(call_of("gpt-4o", 1000, 100, 800), prices), 0.0025);
}

TEST(Prices, WhatIsUnknownHasAnUnknownCost) {
  const PriceTable& prices = PriceTable::defaults();
  EXPECT_EQ(upstream_cost_usd(call_of("my-model", 10, 10), prices), std::nullopt);
  EXPECT_EQ(upstream_cost_usd(call_of("ft:gpt-4o:acme", 10, 10), prices), std::nullopt);
  EXPECT_EQ(upstream_cost_usd(call_of("gpt-4o", std::nullopt, 10), prices), std::nullopt);
  EXPECT_EQ(upstream_cost_usd(call_of("gpt-4o", 10, std::nullopt), prices), std::nullopt);
  EXPECT_EQ(upstream_cost_usd(call_of("gpt-6-sol", 272'001, 10), prices), std::nullopt);
  EXPECT_NE(upstream_cost_usd(call_of("gpt-6-sol", 272'000, 10), prices), std::nullopt);
}

TEST(Prices, TheModelThatAnsweredCounts) {
  Call call = call_of("gpt-4o", 1'000'000, 0);
  call.target_model = "gpt-4o-2024-05-13";
  EXPECT_DOUBLE_EQ(*upstream_cost_usd(call, PriceTable::defaults()), 5);
  call.target_model = "deployment-7";  // as Azure may call it
  EXPECT_DOUBLE_EQ(*upstream_cost_usd(call, PriceTable::defaults()), 2.5);
}

TEST(Prices, ANameMayHaveAProviderAndADate) {
  const PriceTable& prices = PriceTable::defaults();
  EXPECT_EQ(prices.find("openai/gpt-4o-2024-08-06")->input, 2.5);
  EXPECT_EQ(prices.find("claude-sonnet-4-5-20250929")->output, 15);
  EXPECT_FALSE(prices.find("gpt-4o-2024-08").has_value());
  EXPECT_FALSE(prices.find("").has_value());
  EXPECT_FALSE(prices.find("-20250929").has_value());
}

TEST(Prices, AConfigurationOverridesThem) {
  PriceTable prices = PriceTable::defaults();
  ASSERT_TRUE(prices.set("gpt-4o", {1, 1, 1}).ok());
  EXPECT_EQ(prices.find("gpt-4o")->input, 1);
  EXPECT_EQ(PriceTable::defaults().find("gpt-4o")->input, 2.5);
  EXPECT_EQ(prices.set("bad", {-1, 0, 0}).error().where, "bad");
  EXPECT_FALSE(prices.set("bad", {0, 0, 1 / 0.0}).ok());
}

TEST(Prices, ALocalAnswerCostsItsProcessorTime) {
  Call call;
  EXPECT_EQ(local_cost_usd(call, 0.04), std::nullopt);
  call.cpu_seconds = 1.8;
  EXPECT_DOUBLE_EQ(*local_cost_usd(call, 0.04), 0.00002);
  EXPECT_EQ(local_cost_usd(call, std::nullopt), std::nullopt);
}

TokenUsage usage(const std::string& response) { return usage_of(parse_json(response)->as_object()); }

TEST(Usage, SpeaksEveryDialect) {
  const TokenUsage chat = usage(
      R"({"usage":{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}}})");
  EXPECT_EQ(chat.prompt_tokens, 10);
  EXPECT_EQ(chat.completion_tokens, 3);
  EXPECT_EQ(chat.cached_tokens, 8);
  const TokenUsage embedding = usage(R"({"object":"list","usage":{"prompt_tokens":5,"total_tokens":5}})");
  EXPECT_EQ(embedding.prompt_tokens, 5);
  EXPECT_EQ(embedding.completion_tokens, 0);
  const TokenUsage responses =
      usage(R"({"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":2}})");
  EXPECT_EQ(responses.prompt_tokens, 10);
  EXPECT_EQ(responses.cached_tokens, 4);
  const TokenUsage messages = usage(
      R"({"usage":{"input_tokens":10,"cache_read_input_tokens":90,"cache_creation_input_tokens":5,"output_tokens":2}})");
  EXPECT_EQ(messages.prompt_tokens, 105);
  EXPECT_EQ(messages.cached_tokens, 90);
  EXPECT_EQ(messages.completion_tokens, 2);
}

TEST(Usage, WhatIsNotSaidOrCannotBeIsUnknown) {
  for (const char* text :
       {"{}", R"({"usage":null})", R"({"usage":{"prompt_tokens":-1}})", R"({"usage":{"prompt_tokens":1.5}})",
        R"({"usage":{"input_tokens":9223372036854775807,"cache_read_input_tokens":1}})"}) {
    const TokenUsage found = usage(text);
    EXPECT_EQ(found.prompt_tokens, std::nullopt) << text;
    EXPECT_EQ(found.completion_tokens, std::nullopt) << text;
  }
  EXPECT_EQ(
      usage(R"({"usage":{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}})").cached_tokens,
      std::nullopt);
}

}  // namespace
}  // namespace understudy
