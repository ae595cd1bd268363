// An upstream for tests: a real HTTP server whose handler a test writes, and a gateway in front of it with a ledger in a
// folder of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <vector>

#include "gateway/decider.h"
#include "gateway/ledger/recorder.h"
#include "gateway/testing/test_server.h"
#include "gateway/upstream/targets.h"

namespace understudy {

class UpstreamServer {
 public:
  using Handle = std::function<void(std::shared_ptr<Exchange>)>;
  explicit UpstreamServer(Handle handle) {
    HttpHandler handler;
    handler.admit = [](const HttpRequest&) { return std::nullopt; };
    handler.handle = [this, handle = std::move(handle)](std::shared_ptr<Exchange> exchange) {
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(exchange->request());
      }
      handle(std::move(exchange));
    };
    handler.refuse = [](int status, const std::string&) {
      return HttpResponse{status, "text/plain", {}, "refused"};
    };
    handler.finished = [](const AccessRecord&) {};
    server_ = HttpServer::start({}, std::move(handler)).value();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/v1"; }
  void stop() { server_.reset(); }
  std::vector<HttpRequest> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::unique_ptr<HttpServer> server_;
};

// Serves "test-model" itself; everything else goes up.
class TestGateway {
 public:
  explicit TestGateway(const std::string& upstream, RecorderOptions options = {}, Decider* decider = nullptr,
                       std::string upstream_key = "") {
    std::string pattern = (std::filesystem::temp_directory_path() / "understudy-gateway-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    store = Store::open(folder_ + "/understudy.db").value();
    recorder = std::make_unique<Recorder>(*store, std::move(options), [this](const Status& status) {
      std::lock_guard lock(mutex_);
      reports_.push_back(status.ok());
    });
    upstreams = Upstreams::create().value();
    upstreams->fallback = UpstreamTarget{"upstream", upstream, std::move(upstream_key)};
    service = std::make_unique<Service>(&provider, nullptr, make_access_policy("127.0.0.1", "", {}).value(),
                                        Outside{upstreams.get(), recorder.get(), decider});
    server = HttpServer::start({}, service->handler({})).value();
  }
  ~TestGateway() {
    server.reset();
    upstreams.reset();
    store.reset();
    recorder.reset();
    std::filesystem::remove_all(folder_);
  }

  TestClient connect() { return TestClient(server->port()); }
  TestResponse send(const std::string& text) {
    TestClient client(server->port());
    client.send(text);
    return client.read_response();
  }
  TestResponse chat(const std::string& body, const std::string& headers = "") {
    return send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  TestResponse get(const std::string& path, const std::string& headers = "") {
    return send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  }
  // Whether recording works, each time that this changed.
  std::vector<bool> reports() {
    std::lock_guard lock(mutex_);
    return reports_;
  }
  // The calls of the ledger, newest first, as soon as there are so many.
  std::vector<Call> calls(size_t count) {
    std::vector<Call> found;
    eventually([&] { return (found = store->list({}, 100)->calls).size() >= count; });
    EXPECT_EQ(found.size(), count);
    return found;
  }

  ScriptedProvider provider;
  std::unique_ptr<Store> store;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<Upstreams> upstreams;
  std::unique_ptr<Service> service;
  std::unique_ptr<HttpServer> server;

 private:
  std::string folder_;
  std::mutex mutex_;
  std::vector<bool> reports_;
};

inline std::string header_of(const TestResponse& response, const std::string& name) {
  const size_t at = response.head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 4;
  return response.head.substr(begin, response.head.find("\r\n", begin) - begin);
}

}  // namespace understudy
