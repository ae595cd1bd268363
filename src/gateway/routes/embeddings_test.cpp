// POST /v1/embeddings over a scripted model, through a real socket.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "gateway/testing/test_server.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::string body(const std::string& input, const std::string& more = "") {
  return R"({"model":"test-embedder","input":)" + input + more + "}";
}

TEST(Embeddings, AnswersInOrder) {
  TestServer server;
  TestResponse response = server.post("/v1/embeddings", body(R"(["ab", "abcd"])"));
  ASSERT_EQ(response.status, 200) << response.body;
  json::value answer = response.json();
  EXPECT_EQ(answer.at("object"), "list");
  EXPECT_EQ(answer.at("model"), "test-embedder");
  EXPECT_EQ(answer.at_pointer("/usage/prompt_tokens"), 6);
  EXPECT_EQ(answer.at_pointer("/usage/total_tokens"), 6);
  ASSERT_EQ(answer.at("data").as_array().size(), 2u);
  for (int i = 0; i < 2; i++) {
    const json::value& entry = answer.at("data").as_array()[static_cast<size_t>(i)];
    EXPECT_EQ(entry.at("object"), "embedding");
    EXPECT_EQ(entry.at("index"), i);
    ASSERT_EQ(entry.at("embedding").as_array().size(), 3u);
    const double n = 2 + 2 * i;
    EXPECT_NEAR(entry.at("embedding").at(2).as_double(), n / std::sqrt(25 + n * n), 1e-6);
  }
}

TEST(Embeddings, TakesTokenIds) {
  TestServer server;
  const std::string text = server.post("/v1/embeddings", body(R"("ab")")).body;
  EXPECT_EQ(server.post("/v1/embeddings", body("[97, 98]")).body, text);
  EXPECT_EQ(server.post("/v1/embeddings", body("[[97, 98]]")).body, text);
}

TEST(Embeddings, ShorterVectorsHaveLengthOne) {
  TestServer server;
  json::value answer = server.post("/v1/embeddings", body(R"("ab")", R"(,"dimensions":2)")).json();
  const json::array& vector = answer.at_pointer("/data/0/embedding").as_array();
  ASSERT_EQ(vector.size(), 2u);
  EXPECT_NEAR(vector[0].as_double(), 0.6, 1e-6);
  EXPECT_NEAR(vector[1].as_double(), 0.8, 1e-6);
}

TEST(Embeddings, Base64HoldsLittleEndianFloats) {
  TestServer server;
  json::value plain = server.post("/v1/embeddings", body(R"("ab")")).json();
  json::value coded = server.post("/v1/embeddings", body(R"("ab")", R"(,"encoding_format":"base64")")).json();
  const std::string text = std::string(coded.at_pointer("/data/0/embedding").as_string());
  ASSERT_EQ(text.size(), 16u);  // 12 bytes
  float values[3];
  ASSERT_EQ(
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(values),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())),
      12);
  for (size_t i = 0; i < 3; i++)
    EXPECT_EQ(values[i], static_cast<float>(plain.at_pointer("/data/0/embedding").at(i).as_double()));
}

TEST(Embeddings, RefusesWhatIsWrong) {
  TestServer server;
  const std::tuple<std::string, const char*, int> cases[] = {
      {R"({"model":"test-embedder"})", "input", 400},
      {R"({"model":"test-model","input":"a"})", "model", 404},
      {body(R"("")"), "input", 400},
      {body(R"([1, "a"])"), "input", 400},
      {body("[1.5]"), "input", 400},
      {body("[-1]"), "input", 400},
      {body("{}"), "input", 400},
      {body(R"("a")", R"(,"dimensions":0)"), "dimensions", 400},
      {body(R"("a")", R"(,"dimensions":4)"), "dimensions", 400},
      {body(R"("a")", R"(,"encoding_format":"int8")"), "encoding_format", 400},
      {body(R"("a")", R"(,"truncate":true)"), "truncate", 400},
      {body(R"(["a", "01234567890123456"])"), "input[1]", 400},
  };
  for (const auto& [request, field, status] : cases) {
    TestResponse response = server.post("/v1/embeddings", request);
    EXPECT_EQ(response.status, status) << request;
    EXPECT_EQ(response.json().at_pointer("/error/param"), field) << request << response.body;
  }
  std::string many = "[\"a\"";
  for (int i = 0; i < 2048; i++) many += ",\"a\"";
  EXPECT_EQ(server.post("/v1/embeddings", body(many + "]")).status, 400);
}

TEST(Embeddings, BothModelsAreListed) {
  TestServer server;
  json::value models = server.get("/v1/models").json();
  ASSERT_EQ(models.at("data").as_array().size(), 2u);
  EXPECT_EQ(models.at_pointer("/data/1/id"), "test-embedder");
  EXPECT_EQ(server.get("/v1/models/test-embedder").status, 200);
}

TEST(Embeddings, ServersWithoutOneOfTheModelsSaySo) {
  ScriptedProvider provider;
  ScriptedEmbedder embedder;
  const std::pair<std::unique_ptr<Service>, const char*> cases[] = {
      {std::make_unique<Service>(&provider, nullptr, make_access_policy("127.0.0.1", "", {}).value()),
       "/v1/embeddings"},
      {std::make_unique<Service>(nullptr, &embedder, make_access_policy("127.0.0.1", "", {}).value()),
       "/v1/chat/completions"}};
  for (const auto& [service, path] : cases) {
    auto server = HttpServer::start({"127.0.0.1", 0, {}}, service->handler({}));
    ASSERT_TRUE(server.ok());
    TestClient client((*server)->port());
    client.send(TestServer::post_text(path, "{}"));
    TestResponse response = client.read_response();
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_NE(response.body.find("no "), std::string::npos) << response.body;
    TestClient probe((*server)->port());
    probe.send(TestServer::get_text("/ready"));
    EXPECT_EQ(probe.read_response().status, 200);
    TestClient meter((*server)->port());
    meter.send(TestServer::get_text("/metrics"));
    EXPECT_EQ(meter.read_response().status, 200);
  }
}

}  // namespace
}  // namespace understudy
