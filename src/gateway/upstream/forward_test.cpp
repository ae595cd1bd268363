// Calls through the gateway to an upstream, and what the ledger keeps of them.
#include <gtest/gtest.h>

#include "gateway/testing/upstream_server.h"

namespace understudy {
namespace {

namespace json = boost::json;

const std::string kAnswer =
    R"({"id":"x1","object":"chat.completion","created":7,"model":"gpt-4o-2024-08-06","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"card_arrival"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":100,"completion_tokens":4}, "odd" : 1.0 })";

// Odd white space, an unknown field, an escape and a number that a JSON library would write otherwise.
const std::string kRequest =
    "{ \"model\":\"gpt-4o\",\n \"messages\": [{\"role\":\"user\",\"content\":\"caf\\u00e9\"}], "
    "\"unknown\":1e0 }";

UpstreamServer::Handle answers(HttpResponse response) {
  return [response](std::shared_ptr<Exchange> exchange) { exchange->respond(response); };
}

TEST(Forward, PassesBytesBothWaysAndRecordsTheCall) {
  UpstreamServer upstream(answers({200,
                                   "application/json",
                                   {{"x-ratelimit-remaining-tokens", "42"}, {"x-request-id", "req_upstream"}},
                                   kAnswer}));
  TestGateway gateway(upstream.url());
  const TestResponse response = gateway.chat(
      kRequest,
      "Authorization: Bearer sk-client\r\nx-understudy-project: web\r\nx-understudy-tags: a, b\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kAnswer);
  EXPECT_EQ(header_of(response, "x-ratelimit-remaining-tokens"), "42");
  EXPECT_EQ(header_of(response, "x-request-id"), "req_upstream");
  EXPECT_EQ(header_of(response, "x-understudy-route"), "up");

  const auto requests = upstream.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].path, "/v1/chat/completions");
  EXPECT_EQ(requests[0].body, kRequest);
  EXPECT_EQ(requests[0].header("authorization").value_or(""), "Bearer sk-client");
  EXPECT_FALSE(requests[0].header("x-understudy-project"));
  EXPECT_EQ(requests[0].header("accept-encoding").value_or(""), "identity");

  const auto calls = gateway.calls(1);
  EXPECT_EQ(calls[0].id, header_of(response, "x-understudy-call-id"));
  EXPECT_EQ(calls[0].request, kRequest);
  EXPECT_EQ(calls[0].response, kAnswer);
  EXPECT_EQ(calls[0].origin, Origin::incumbent);
  EXPECT_EQ(calls[0].project, "web");
  EXPECT_EQ(calls[0].tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(calls[0].model, "gpt-4o");
  EXPECT_EQ(calls[0].target_model, "gpt-4o-2024-08-06");
  EXPECT_EQ(calls[0].prompt_tokens, 100);
  EXPECT_TRUE(calls[0].cost_usd.has_value());
  EXPECT_TRUE(calls[0].total_ms.has_value());
  EXPECT_EQ(calls[0].request.find("sk-client"), std::string::npos);
}

TEST(Forward, MapsModelAndCredentialsOfARouteAlone) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  TestGateway gateway(upstream.url());
  gateway.upstreams->routes["gpt-4o"] =
      UpstreamTarget{"named", upstream.url(), "sk-provider", "vendor/model-x"};
  gateway.chat(kRequest, "Authorization: Bearer sk-client\r\n");
  const auto requests = upstream.requests();
  ASSERT_EQ(requests.size(), 1u);
  std::string mapped = kRequest;
  mapped.replace(mapped.find("gpt-4o"), 6, "vendor/model-x");
  EXPECT_EQ(requests[0].body, mapped);
  EXPECT_EQ(requests[0].header("authorization").value_or(""), "Bearer sk-provider");
  EXPECT_EQ(gateway.calls(1)[0].provider, "named");
}

TEST(Forward, PassesErrorsWithBodyAndHeadersAndDoesNotRepeat429) {
  const std::string body = R"({"error":{"message":"slow down","type":"rate_limit"}})";
  UpstreamServer upstream(answers({429, "application/json", {{"Retry-After", "7"}}, body}));
  TestGateway gateway(upstream.url());
  const TestResponse response = gateway.chat(kRequest);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.body, body);
  EXPECT_EQ(header_of(response, "Retry-After"), "7");
  EXPECT_EQ(upstream.requests().size(), 1u);
  EXPECT_EQ(gateway.calls(1)[0].error, "status 429");
}

TEST(Forward, TriesAgainBeforeTheFirstByte) {
  std::atomic<int> count = 0;
  UpstreamServer upstream([&](std::shared_ptr<Exchange> exchange) {
    exchange->respond(++count < 3 ? HttpResponse{503, "text/plain", {}, "busy"}
                                  : HttpResponse{200, "application/json", {}, kAnswer});
  });
  TestGateway gateway(upstream.url());
  EXPECT_EQ(gateway.chat(kRequest).body, kAnswer);
  EXPECT_EQ(count, 3);
}

TEST(Forward, GivesUpAndSaysSo) {
  UpstreamServer upstream(answers({503, "text/plain", {}, "busy"}));
  TestGateway gateway(upstream.url());
  const TestResponse busy = gateway.chat(kRequest);
  EXPECT_EQ(busy.status, 503);  // the last answer passes
  EXPECT_EQ(busy.body, "busy");
  EXPECT_EQ(upstream.requests().size(), 3u);
  upstream.stop();
  const TestResponse gone = gateway.chat(kRequest);
  EXPECT_EQ(gone.status, 502);
  EXPECT_NE(gone.body.find("did not answer"), std::string::npos) << gone.body;
  EXPECT_EQ(gateway.calls(2)[0].status, 502);
}

const std::string kEvents =
    "data: "
    "{\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,"
    "\"delta\":"
    "{\"role\":\"assistant\",\"content\":\"card\"},\"finish_reason\":null}]}\n\n"
    ": keep-alive\n\n"
    "data: "
    "{\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,"
    "\"delta\":"
    "{\"content\":\"_arrival\"},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
    "\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

TEST(Forward, PassesAStreamByteForByteAndRecordsItWhole) {
  UpstreamServer upstream([](std::shared_ptr<Exchange> exchange) {
    exchange->begin_stream({200, "text/event-stream", {}, ""});
    for (size_t at = 0; at < kEvents.size(); at += 7) exchange->write(kEvents.substr(at, 7));
    exchange->end_stream();
  });
  TestGateway gateway(upstream.url());
  const TestResponse response = gateway.chat(R"({"model":"gpt-4o","stream":true,"messages":[]})");
  EXPECT_EQ(response.body, kEvents);
  const Call call = gateway.calls(1)[0];
  EXPECT_TRUE(call.streamed);
  EXPECT_EQ(call.completion_tokens, 2);
  const json::value stored = json::parse(call.response);
  EXPECT_EQ(stored.at("object"), "chat.completion");
  EXPECT_EQ(stored.at("choices").at(0).at("message").at("content"), "card_arrival");
  EXPECT_EQ(stored.at("choices").at(0).at("finish_reason"), "stop");
}

TEST(Forward, CutsTheClientOffWhereTheStreamBreaksOff) {
  UpstreamServer upstream([](std::shared_ptr<Exchange> exchange) {
    exchange->begin_stream({200, "text/event-stream", {}, ""});
    exchange->write(kEvents.substr(0, 100));
    // Released without an end.
  });
  TestGateway gateway(upstream.url());
  TestClient client = gateway.connect();
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(upstream.requests().size(), 1u);  // never again after the first byte
  EXPECT_EQ(gateway.calls(1)[0].error, "the answer broke off");
}

// More than the client's connection, the gateway's and the upstream's hold together.
TEST(Forward, ASlowReaderHoldsTheUpstreamBackAndLosesNothing) {
  const std::string event = "data: " + std::string(64 << 10, 'x') + "\n\n";
  constexpr size_t kEventCount = 1024;
  std::atomic<size_t> sent = 0;
  std::atomic<bool> stop = false;
  std::thread writer;
  UpstreamServer upstream([&](std::shared_ptr<Exchange> exchange) {
    exchange->begin_stream({200, "text/event-stream", {}, ""});
    writer = std::thread([&, exchange] {
      while (sent < kEventCount && !stop) {
        if (exchange->unsent_bytes() > event.size()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        } else {
          exchange->write(event);
          sent++;
        }
      }
      exchange->end_stream();
    });
  });
  TestGateway gateway(upstream.url());
  {
    TestClient client(gateway.server->port(), 4096);
    client.send(TestServer::post_text("/v1/chat/completions", "{}"));
    // Nothing is read until the upstream stands still.
    size_t before = 0;
    EXPECT_TRUE(eventually([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      return sent > 0 && std::exchange(before, sent.load()) == sent;
    }));
    EXPECT_LT(sent, kEventCount);
    EXPECT_EQ(client.read_response().body.size(), kEventCount * event.size());
  }
  stop = true;
  upstream.stop();
  if (writer.joinable()) writer.join();
  EXPECT_EQ(gateway.calls(1)[0].error, "");
}

TEST(Forward, AClientThatLeavesEndsTheUpstreamsWork) {
  std::mutex mutex;
  std::shared_ptr<Exchange> held;
  std::atomic<bool> left = false;
  UpstreamServer upstream([&](std::shared_ptr<Exchange> exchange) {
    exchange->on_disconnect([&] { left = true; });
    exchange->begin_stream({200, "text/event-stream", {}, ""});
    exchange->write("data: 1\n\n");
    std::lock_guard lock(mutex);
    held = std::move(exchange);
  });
  TestGateway gateway(upstream.url());
  {
    TestClient client = gateway.connect();
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\n\r\n{}");
    ASSERT_TRUE(client.read_until("data: 1"));
  }
  EXPECT_TRUE(eventually([&] { return left.load(); }));
}

// Answers that are there before the request has been handed over.
TEST(Forward, ManyClientsAtOnceGetTheirOwnAnswers) {
  UpstreamServer upstream([](std::shared_ptr<Exchange> exchange) {
    exchange->respond({200, "application/json", {}, exchange->request().body});
  });
  TestGateway gateway(upstream.url());
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; c++) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 100; i++) {
        const std::string body = R"({"model":"m","n":)" + std::to_string(1000 * c + i) + "}";
        if (gateway.chat(body).body == body) right++;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 400);
  EXPECT_TRUE(eventually([&] { return gateway.recorder->recorded() == 400; }));
}

TEST(Forward, PassesUnknownPathsAndMethods) {
  UpstreamServer upstream(answers({201, "application/json", {}, R"({"id":"file-1"})"}));
  TestGateway gateway(upstream.url());
  const TestResponse response =
      gateway.send("DELETE /v1/files/a%20b?x=1%2F2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(response.status, 201);
  const auto requests = upstream.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "DELETE");
  EXPECT_EQ(requests[0].path, "/v1/files/a b");
  EXPECT_EQ(requests[0].query, "x=1%2F2");
  const Call call = gateway.calls(1)[0];
  EXPECT_EQ(call.endpoint, "/v1/files/a b");
  EXPECT_EQ(call.reason, "passed_through");
  EXPECT_EQ(gateway.send("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
}

// Routes alone, without a target for all other models: nobody is there to take these.
TEST(Forward, RefusesPathsAndMethodsThatNoRouteAndNoUpstreamTakes) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  TestGateway gateway(upstream.url());
  gateway.upstreams->routes["gpt-4o"] = *gateway.upstreams->fallback;
  gateway.upstreams->fallback.reset();
  EXPECT_EQ(gateway.send("GET /v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
  const TestResponse method = gateway.send("DELETE /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(header_of(method, "Allow"), "GET");
  EXPECT_TRUE(upstream.requests().empty());
  EXPECT_EQ(gateway.chat(kRequest).body, kAnswer);  // its route is still there
}

TEST(Forward, TheLocalModelAnswersItselfAndIsRecordedAsLocal) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  TestGateway gateway(upstream.url(), {.usd_per_cpu_hour = 0.36});
  const TestResponse response =
      gateway.chat(R"({"model":"test-model","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(upstream.requests().empty());
  const Call call = gateway.calls(1)[0];
  EXPECT_EQ(call.origin, Origin::local);
  EXPECT_EQ(call.model_hash, "0123456789abcdef");
  EXPECT_EQ(call.cpu_seconds, ScriptedProvider::kCpuSeconds);
  EXPECT_NEAR(call.cost_usd.value_or(0), 0.36 * ScriptedProvider::kCpuSeconds / 3600, 1e-12);
  EXPECT_EQ(json::parse(call.response), response.json());
}

TEST(Ledger, LevelsOfTheHeaderAreKept) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  TestGateway gateway(upstream.url());
  EXPECT_EQ(header_of(gateway.chat(kRequest, "x-understudy-log: off\r\n"), "x-understudy-call-id"), "");
  gateway.chat(kRequest, "x-understudy-log: metadata\r\n");
  EXPECT_EQ(gateway.chat(kRequest, "x-understudy-log: some\r\n").status, 400);
  const Call call = gateway.calls(1)[0];
  EXPECT_EQ(call.request, "");
  EXPECT_EQ(call.response, "");
  EXPECT_EQ(call.prompt_tokens, 100);
}

TEST(Feedback, BecomesAnAnswerOfAPerson) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  TestGateway gateway(upstream.url());
  const std::string id = header_of(gateway.chat(kRequest), "x-understudy-call-id");
  gateway.calls(1);
  const auto post = [&](const std::string& body) {
    return gateway.send(
        "POST /feedback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_EQ(post(R"({"call_id":")" + id + R"(","correction":"lost_card"})").status, 200);
  EXPECT_EQ(gateway.calls(2)[0].origin, Origin::person);
  EXPECT_EQ(post(R"({"call_id":")" + id + R"("})").status, 400);
  EXPECT_EQ(post(R"({"call_id":"call_00000000000000000000000000","label":"x"})").status, 404);
  EXPECT_EQ(post(R"({"label":"x"})").status, 400);
}

// Decides as the test says.
class ScriptedDecider final : public Decider {
 public:
  void decide(LiveCall call, std::function<void(Decision)> done) override {
    seen = std::move(call);
    std::thread([this, done = std::move(done)] { done(decision); }).detach();
  }
  Decision decision;
  LiveCall seen;
};

const std::string kLocal =
    R"({"id":"chatcmpl-l","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"lost_card"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":2}})";

TEST(Decisions, AreAnsweredHereOrGoUpWithTheirReason) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  ScriptedDecider decider;
  TestGateway gateway(upstream.url(), {.usd_per_cpu_hour = 0.36}, &decider);
  decider.decision = {.local = true,
                      .reason = "specialist",
                      .task = "t1",
                      .response = kLocal,
                      .target_model = "head",
                      .adapter_hash = "ab",
                      .prompt_tokens = 12,
                      .completion_tokens = 2,
                      .cpu_seconds = 1.0};
  const TestResponse local = gateway.chat(kRequest, "x-understudy-project: web\r\n");
  EXPECT_EQ(local.json(), json::parse(kLocal));
  EXPECT_EQ(header_of(local, "x-understudy-route"), "local");
  EXPECT_EQ(header_of(local, "x-understudy-task"), "t1");
  EXPECT_EQ(decider.seen.project, "web");
  EXPECT_EQ(decider.seen.request, kRequest);
  EXPECT_TRUE(upstream.requests().empty());
  Call call = gateway.calls(1)[0];
  EXPECT_EQ(call.origin, Origin::local);
  EXPECT_EQ(call.adapter_hash, "ab");
  EXPECT_NEAR(call.cost_usd.value_or(0), 0.0001, 1e-9);

  decider.decision = {.local = false, .reason = "below_tau", .task = "t1", .cpu_seconds = 0.5};
  const TestResponse up = gateway.chat(kRequest);
  EXPECT_EQ(up.body, kAnswer);
  EXPECT_EQ(header_of(up, "x-understudy-reason"), "below_tau");
  call = gateway.calls(2)[0];
  EXPECT_EQ(call.origin, Origin::incumbent);
  EXPECT_EQ(call.cpu_seconds, 0.5);

  decider.decision = {.local = true, .reason = "specialist", .response = kLocal};
  const TestResponse forced = gateway.chat(kRequest, "x-understudy-route: up\r\n");
  EXPECT_EQ(forced.body, kAnswer);
  EXPECT_EQ(header_of(forced, "x-understudy-reason"), "forced_up");
}

TEST(Decisions, AreStreamedWhenTheClientAsksForIt) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  ScriptedDecider decider;
  decider.decision = {.local = true, .reason = "specialist", .response = kLocal};
  TestGateway gateway(upstream.url(), {}, &decider);
  const TestResponse response = gateway.chat(
      R"({"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]})");
  EXPECT_NE(response.body.find("\"delta\":{\"content\":\"lost_card\"}"), std::string::npos) << response.body;
  EXPECT_TRUE(response.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(json::parse(gateway.calls(1)[0].response).at("choices").at(0).at("message").at("content"),
            "lost_card");
  EXPECT_EQ(gateway.calls(1)[0].completion_tokens, 2);
}

TEST(Decisions, AnAuditAsksTheIncumbentToo) {
  UpstreamServer upstream(answers({200, "application/json", {}, kAnswer}));
  ScriptedDecider decider;
  decider.decision = {.local = true, .reason = "specialist", .audit = true, .response = kLocal};
  TestGateway gateway(upstream.url(), {}, &decider);
  const TestResponse response = gateway.chat(kRequest);
  EXPECT_EQ(response.json(), json::parse(kLocal));
  const auto calls = gateway.calls(2);
  const Call& audit = calls[0].origin == Origin::incumbent ? calls[0] : calls[1];
  EXPECT_EQ(audit.reason, "audit");
  EXPECT_EQ(audit.response, kAnswer);
  EXPECT_EQ(audit.tags,
            (std::vector<std::string>{"audit", "audit_of:" + header_of(response, "x-understudy-call-id")}));
}

}  // namespace
}  // namespace understudy
