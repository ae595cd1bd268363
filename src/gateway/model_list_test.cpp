// GET /v1/models where an upstream has models too.
#include <gtest/gtest.h>

#include "gateway/testing/upstream_server.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::vector<std::string> ids_of(const TestResponse& response) {
  std::vector<std::string> ids;
  const json::value list = response.json();
  for (const json::value& card : list.at("data").as_array()) ids.emplace_back(card.at("id").as_string());
  return ids;
}

class ModelList : public testing::Test {
 protected:
  ModelList() {
    gateway.upstreams->routes["named"] = *gateway.upstreams->fallback;
    EXPECT_TRUE(gateway.upstreams->set_local({{"support", "gpt-4o"}}).ok());
  }

  HttpResponse answer{
      200,
      "application/json",
      {{"x-more", "1"}},
      R"({"object":"list","has_more":false,"data":[{"id":"gpt-4o","owned_by":"vendor"},{"id":"named"}]})"};
  UpstreamServer upstream{[this](std::shared_ptr<Exchange> exchange) { exchange->respond(answer); }};
  TestGateway gateway{upstream.url()};
};

TEST_F(ModelList, HoldsOwnModelsRoutesAndTheUpstreams) {
  const TestResponse response =
      gateway.get("/v1/models", "Authorization: Bearer sk-client\r\nAccept-Encoding: gzip\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(ids_of(response), (std::vector<std::string>{"test-model", "support", "named", "gpt-4o"}));
  EXPECT_EQ(response.json().at("has_more"), false);
  EXPECT_EQ(response.json().at("data").at(3).at("owned_by"), "vendor");
  EXPECT_EQ(header_of(response, "x-more"), "1");
  ASSERT_EQ(upstream.requests().size(), 1u);
  EXPECT_EQ(upstream.requests()[0].header("authorization").value_or(""), "Bearer sk-client");
  EXPECT_EQ(upstream.requests()[0].header("accept-encoding").value_or(""), "identity");
}

TEST_F(ModelList, OneModelIsAskedForWhereItIs) {
  EXPECT_EQ(gateway.get("/v1/models/support").json().at("id"), "support");
  EXPECT_EQ(gateway.get("/v1/models/test").json().at("id"), "test-model");
  EXPECT_TRUE(upstream.requests().empty());
  answer.body = R"({"id":"gpt-4o"})";
  EXPECT_EQ(gateway.get("/v1/models/gpt-4o").body, answer.body);
  EXPECT_EQ(upstream.requests().at(0).path, "/v1/models/gpt-4o");
}

TEST_F(ModelList, WhatIsNoListPassesUnchanged) {
  for (const auto& [status, body] : {std::pair<int, std::string>{401, R"({"error":{"message":"no key"}})"},
                                     {200, "not JSON"},
                                     {200, "[1]"},
                                     {200, R"({"data":1})"}}) {
    answer.status = status;
    answer.body = body;
    const TestResponse response = gateway.get("/v1/models");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, body);
  }
}

TEST_F(ModelList, WithoutAnUpstreamForAllModelsItIsOurs) {
  gateway.upstreams->fallback.reset();
  EXPECT_EQ(ids_of(gateway.get("/v1/models")), (std::vector<std::string>{"test-model", "support", "named"}));
  EXPECT_EQ(gateway.get("/v1/models/gpt-4o").status, 404);
  EXPECT_TRUE(upstream.requests().empty());
}

}  // namespace
}  // namespace understudy
