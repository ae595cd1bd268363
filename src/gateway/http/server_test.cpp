#include "gateway/http/server.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <list>

#include "gateway/testing/test_server.h"

namespace understudy {
namespace {

const char* kForever = R"({"model":"test-model","prompt":"forever","max_tokens":1000000000,"stream":true})";

int open_files() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// A context that lets "forever" run on.
struct EndlessServer : TestServer {
  explicit EndlessServer(HttpLimits limits = {}) : TestServer(limits) {
    provider->set_context(2'000'000'000);
  }
};

TEST(HttpServer, ClientThatLeavesAStreamIsCancelled) {
  EndlessServer server;
  {
    TestClient client = server.connect();
    client.send(TestServer::post_text("/v1/completions", kForever));
    ASSERT_TRUE(client.read_until("\"text\":\"a\""));
    EXPECT_EQ(server.provider->stats().running, 1);
  }
  EXPECT_TRUE(eventually([&] { return server.provider->stats().running == 0; }));
  EXPECT_EQ(server.provider->cancelled, 1);
  ASSERT_TRUE(eventually([&] { return !server.records().empty(); }));
  EXPECT_FALSE(server.records()[0].complete);
}

TEST(HttpServer, ClientThatLeavesWithoutStreamingIsCancelled) {
  EndlessServer server;
  {
    TestClient client = server.connect();
    client.send(TestServer::post_text(
        "/v1/completions", R"({"model":"test-model","prompt":"forever","max_tokens":1000000000})"));
    ASSERT_TRUE(eventually([&] { return server.provider->stats().running == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return server.provider->stats().running == 0; }));
  EXPECT_EQ(server.provider->cancelled, 1);
}

TEST(HttpServer, SlowReaderIsCutOffAtTheBound) {
  HttpLimits limits;
  limits.unsent_bytes = 64 << 10;
  EndlessServer server(limits);
  TestClient client(server.server->port(), 4096);
  // 32 echoes of 1 MB are more than any socket buffer holds; nothing of it is read.
  std::string prompt = "forever" + std::string(1 << 20, ' ');
  client.send(TestServer::post_text("/v1/completions",
                                    R"({"model":"test-model","max_tokens":1000000000,"stream":true,"n":32,)"
                                    R"("echo":true,"prompt":")" +
                                        prompt + "\"}"));
  EXPECT_TRUE(eventually([&] { return server.provider->cancelled >= 1; }));
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
}

TEST(HttpServer, FullQueueIs503WithRetryAfter) {
  TestServer server;
  server.provider->capacity = 0;
  TestResponse response = server.post("/v1/completions", R"({"model":"test-model","prompt":"a"})");
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.head.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(response.json().at("error").at("code"), "server_busy");
  // A stream gets its status too, not an event.
  response = server.post("/v1/completions", R"({"model":"test-model","prompt":"a","stream":true})");
  EXPECT_EQ(response.status, 503);
}

TEST(HttpServer, BodiesInFlightAreBounded) {
  HttpLimits limits;
  limits.requests_with_body = 1;
  EndlessServer server(limits);
  TestClient first = server.connect();
  first.send(TestServer::post_text("/v1/completions", kForever));
  ASSERT_TRUE(first.read_until("data: "));
  EXPECT_EQ(server.post("/v1/completions", R"({"model":"test-model","prompt":"a"})").status, 503);
  EXPECT_EQ(server.get("/health").status, 200);
  first.close();
  EXPECT_TRUE(eventually([&] {
    return server.post("/v1/completions", R"({"model":"test-model","prompt":"a"})").status == 200;
  }));
}

TEST(HttpServer, IdleConnectionsAreBoundedAndLeaveNothingBehind) {
  HttpLimits limits;
  limits.connections = 50;
  TestServer server(limits);
  EXPECT_EQ(server.get("/health").status, 200);
  ASSERT_TRUE(eventually([&] { return server.server->connections() == 0; }));
  int files_before = open_files();
  {
    std::list<TestClient> idle;
    for (int i = 0; i < 400; ++i) {
      idle.emplace_back(server.server->port());
      idle.back().send(i % 2 ? "" : "GET /health HTTP/1.1\r\nHost: ");
    }
    EXPECT_EQ(server.get("/health").status, 200);  // those who wait make room
    EXPECT_LE(server.server->connections(), 50);
  }
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
  EXPECT_TRUE(eventually([&] { return open_files() == files_before; }));
}

TEST(HttpServer, ChurnLeavesNoFilesBehind) {
  TestServer server;
  int files_before = open_files();
  for (int i = 0; i < 500; ++i) {
    TestClient client = server.connect();
    if (i % 3 == 0) client.send("GET /hea");
    if (i % 3 == 1)
      client.send(TestServer::post_text("/v1/completions", R"({"model":"test-model","prompt":"a"})"));
  }
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
  EXPECT_TRUE(eventually([&] { return server.provider->stats().running == 0; }));
  EXPECT_TRUE(eventually([&] { return open_files() == files_before; }));
  EXPECT_EQ(server.get("/health").status, 200);
}

TEST(HttpServer, DrainFinishesWhatRunsAndClosesWhatWaits) {
  TestServer server;
  TestClient idle = server.connect(), running = server.connect();
  idle.send(TestServer::get_text("/health"));
  EXPECT_EQ(idle.read_response().status, 200);
  running.send(TestServer::post_text("/v1/completions",
                                     R"({"model":"test-model","prompt":"forever","max_tokens":300})"));
  ASSERT_TRUE(eventually([&] { return server.provider->stats().running == 1; }));
  server.server->drain();
  EXPECT_TRUE(idle.closed_by_server());
  TestResponse response = running.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json().at("choices").at(0).at("text"), boost::json::value(std::string(300, 'a')));
  EXPECT_NE(response.head.find("Connection: close"), std::string::npos);
  running.close();
  EXPECT_TRUE(eventually([&] { return server.server->drained(); }));
  TestClient late = server.connect();
  EXPECT_FALSE(late.connected());
}

TEST(HttpServer, DestructionCutsOffWhatRuns) {
  EndlessServer server;
  TestClient client = server.connect();
  client.send(TestServer::post_text("/v1/completions", kForever));
  ASSERT_TRUE(client.read_until("data: "));
  server.server.reset();
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_TRUE(eventually([&] { return server.provider->stats().running == 0; }));
}

TEST(HttpServer, ClientThatEndsItsSideStillGetsAQuickAnswer) {
  TestServer server;
  TestClient client = server.connect();
  client.send(TestServer::get_text("/health"));
  client.end_sending();
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, UnansweredAndThrowingHandlersAre500) {
  HttpHandler handler;
  handler.admit = [](const HttpRequest&) { return std::nullopt; };
  handler.handle = [](std::shared_ptr<Exchange> exchange) {
    if (exchange->request().path == "/throw") throw std::runtime_error("bug");
    if (exchange->request().path == "/cut") exchange->begin_stream({200, "text/plain", {}, ""});
  };
  handler.refuse = [](int status, const std::string& what) {
    return HttpResponse{status, "text/plain", {}, what};
  };
  handler.finished = [](const AccessRecord&) {};
  auto server = HttpServer::start({}, handler);
  ASSERT_TRUE(server.ok());
  for (const char* path : {"/ignore", "/throw"}) {
    TestClient client((*server)->port());
    client.send(TestServer::get_text(path));
    EXPECT_EQ(client.read_response().status, 500);
  }
  TestClient client((*server)->port());
  client.send(TestServer::get_text("/cut"));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, BadAddressesAreErrors) {
  HttpHandler handler;
  auto bad = HttpServer::start({"example.com", 0, {}}, handler);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::invalid_argument);
  TestServer server;
  auto taken = HttpServer::start({"127.0.0.1", server.server->port(), {}}, handler);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace understudy
