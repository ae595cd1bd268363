// Routes whose target is this server's own model, with an upstream behind it.
#include <gtest/gtest.h>

#include "gateway/testing/upstream_server.h"

namespace understudy {
namespace {

namespace json = boost::json;

const std::string kAnswer =
    R"({"id":"x1","object":"chat.completion","created":7,"model":"gpt-4o","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"from above"},"finish_reason":"stop"}]})";

std::string ask(const std::string& text, const std::string& more = "") {
  return R"({"model":"support","messages":[{"role":"user","content":")" + text + "\"}]" + more + "}";
}

// "support" is the local model, and gpt-4o behind it.
class LocalRoute : public testing::Test {
 protected:
  LocalRoute() {
    const Status set = gateway.upstreams->set_local({{"support", "gpt-4o"}, {"alone", ""}});
    EXPECT_TRUE(set.ok()) << set.error().message();
  }

  void expect_taken_over(const TestResponse& response, const std::string& reason) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, kAnswer);
    EXPECT_EQ(header_of(response, "x-understudy-route"), "up");
    EXPECT_EQ(header_of(response, "x-understudy-reason"), reason);
    EXPECT_EQ(header_of(response, "x-understudy-model"), "");
    const Call call = gateway.calls(1)[0];
    EXPECT_EQ(call.origin, Origin::incumbent);
    EXPECT_EQ(call.route, "up");
    EXPECT_EQ(call.reason, reason);
    EXPECT_EQ(call.provider, "upstream");
    EXPECT_EQ(call.model, "support");
    EXPECT_EQ(call.target_model, "gpt-4o");
    EXPECT_EQ(call.model_hash, "");
    EXPECT_EQ(call.response, kAnswer);
  }

  UpstreamServer upstream{[this](std::shared_ptr<Exchange> exchange) { exchange->respond(answer); }};
  HttpResponse answer{200, "application/json", {}, kAnswer};
  TestGateway gateway{upstream.url()};
};

TEST_F(LocalRoute, IsAnsweredByTheLocalModel) {
  const TestResponse response = gateway.chat(ask("hi"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json().at("choices").at(0).at("message").at("content"), "Hello, world!");
  EXPECT_EQ(header_of(response, "x-understudy-route"), "local");
  EXPECT_EQ(header_of(response, "x-understudy-model"), "test-model");
  EXPECT_TRUE(upstream.requests().empty());
  const Call call = gateway.calls(1)[0];
  EXPECT_EQ(call.origin, Origin::local);
  EXPECT_EQ(call.reason, "local_model");
  EXPECT_EQ(call.model, "support");
  EXPECT_EQ(call.target_model, "test-model");
  EXPECT_EQ(call.model_hash, "0123456789abcdef");
  EXPECT_EQ(call.request, ask("hi"));
}

TEST_F(LocalRoute, AFullQueueGoesUpAsTheModelBehindIt) {
  gateway.provider.capacity = 0;
  expect_taken_over(gateway.chat(ask("hi", R"(,"user" :  1e0)")), "local_failed:server_busy");
  ASSERT_EQ(upstream.requests().size(), 1u);
  std::string mapped = ask("hi", R"(,"user" :  1e0)");
  mapped.replace(mapped.find("support"), 7, "gpt-4o");
  EXPECT_EQ(upstream.requests()[0].body, mapped);  // all other bytes as they came
}

TEST_F(LocalRoute, AStreamGoesUpToo) {
  gateway.provider.capacity = 0;
  expect_taken_over(gateway.chat(ask("hi", R"(,"stream":true)")), "local_failed:server_busy");
}

TEST_F(LocalRoute, AFailureBeforeTheFirstByteGoesUp) {
  expect_taken_over(gateway.chat(ask("failing")), "local_failed:internal_error");
}

TEST_F(LocalRoute, WhatTheLocalModelHasNotGoesUp) {
  expect_taken_over(gateway.chat(ask("hi", R"(,"functions":[{"name":"f"}])")),
                    "local_failed:unsupported_parameter");
}

TEST_F(LocalRoute, WhatDoesNotFitItsContextGoesUp) {
  expect_taken_over(gateway.chat(ask(std::string(5000, 'a'))), "local_failed:context_length_exceeded");
}

TEST_F(LocalRoute, NothingGoesUpAfterTheFirstByte) {
  const TestResponse response = gateway.chat(ask("failing", R"(,"stream":true)"));
  EXPECT_EQ(header_of(response, "x-understudy-route"), "local");
  EXPECT_NE(response.body.find(R"("content":"H")"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("internal_error"), std::string::npos) << response.body;
  EXPECT_TRUE(upstream.requests().empty());
  EXPECT_EQ(gateway.calls(1)[0].origin, Origin::local);
}

TEST_F(LocalRoute, AClientThatLeavesIsNotAskedForAbove) {
  {
    TestClient client = gateway.connect();
    client.send(TestServer::post_text("/v1/chat/completions", ask("forever", R"(,"stream":true)")));
    ASSERT_TRUE(client.read_until(R"("content":"a")"));
  }
  EXPECT_EQ(gateway.calls(1)[0].error, "the answer broke off");
  EXPECT_GE(gateway.provider.cancelled, 1);
  EXPECT_TRUE(upstream.requests().empty());
}

TEST_F(LocalRoute, WhatThoseAboveSayPasses) {
  gateway.provider.capacity = 0;
  answer = {429, "application/json", {{"Retry-After", "7"}}, R"({"error":{"message":"slow down"}})"};
  const TestResponse response = gateway.chat(ask("hi"));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.body, answer.body);
  EXPECT_EQ(gateway.calls(1)[0].reason, "local_failed:server_busy");
}

TEST_F(LocalRoute, ForcedUpLeavesTheLocalModelOut) {
  expect_taken_over(gateway.chat(ask("hi"), "x-understudy-route: up\r\n"), "forced_up");
  EXPECT_TRUE(gateway.provider.submitted().empty());
}

TEST_F(LocalRoute, WithNobodyBehindItTheClientGetsTheError) {
  const std::string body = R"({"model":"alone","messages":[{"role":"user","content":"hi"}]})";
  EXPECT_EQ(gateway.chat(body).json().at("choices").at(0).at("message").at("content"), "Hello, world!");
  gateway.provider.capacity = 0;
  const TestResponse busy = gateway.chat(body);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.json().at("error").at("code"), "server_busy");
  EXPECT_TRUE(upstream.requests().empty());
}

TEST(LocalRoutes, FallBackToAnUpstreamOnly) {
  auto upstreams = Upstreams::create().value();
  upstreams->routes["big"] = UpstreamTarget{"p", "https://a/v1", "", "vendor/big"};
  EXPECT_EQ(upstreams->set_local({{"a", "other"}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(upstreams->set_local({{"a", "b"}, {"b", "big"}}).error().code, ErrorCode::not_found);
  ASSERT_TRUE(upstreams->set_local({{"a", "big"}}).ok());
  EXPECT_EQ(upstreams->find("a")->model, "vendor/big");
}

}  // namespace
}  // namespace understudy
