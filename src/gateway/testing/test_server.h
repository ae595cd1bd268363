// The real HTTP server and routes over a ScriptedProvider, on an ephemeral port, and a blocking client for
// it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/service.h"
#include "gateway/testing/scripted_embedder.h"
#include "gateway/testing/scripted_provider.h"

namespace understudy {

// Long enough for a loaded machine; only a failing test waits for it.
inline constexpr int kPatienceMs = 20'000;

struct TestResponse {
  int status = 0;  // 0: the connection ended first
  std::string head, body;
  boost::json::value json() const { return boost::json::parse(body); }
};

class TestClient {
 public:
  // receive_bytes: how much the kernel may hold for this client; 0: as much as it likes.
  explicit TestClient(uint16_t port, int receive_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestClient() { close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  // The server may refuse and close before all is sent; that is not this function's business.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(sent);
    }
  }

  TestResponse read_response() {
    TestResponse response;
    size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return response;
    }
    response.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    response.status = std::stoi(response.head.substr(9, 3));
    if (response.status == 100) return response;
    if (size_t at = response.head.find("Content-Length: "); at != std::string::npos) {
      response.body = take(std::stoul(response.head.substr(at + 16)));
    } else if (response.head.find("Transfer-Encoding: chunked") != std::string::npos) {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) response.body += chunk;
    } else {
      while (receive()) {
      }
      response.body = std::exchange(input_, {});
    }
    return response;
  }

  // Waits until `text` has come; false if the connection ends first.
  bool read_until(std::string_view text) {
    while (input_.find(text) == std::string::npos) {
      if (!receive()) return false;
    }
    return true;
  }

  bool closed_by_server() {
    while (receive()) {
    }
    return ended_;
  }

 private:
  bool receive() {
    pollfd entry{socket_, POLLIN, 0};
    if (::poll(&entry, 1, kPatienceMs) != 1) return false;
    char buffer[65536];
    ssize_t received = ::recv(socket_, buffer, sizeof buffer, 0);
    ended_ = received <= 0;
    if (ended_) return false;
    input_.append(buffer, received);
    return true;
  }
  std::string take(size_t size) {
    while (input_.size() < size && receive()) {
    }
    std::string taken = input_.substr(0, size);
    input_.erase(0, size);
    return taken;
  }
  std::string read_chunk() {
    if (!read_until("\r\n")) return "";
    size_t line = input_.find("\r\n");
    size_t size = std::stoul(input_.substr(0, line), nullptr, 16);
    input_.erase(0, line + 2);
    std::string chunk = take(size);
    take(2);
    return chunk;
  }

  int socket_;
  bool connected_ = false, ended_ = false;
  std::string input_;
};

class TestServer {
  std::mutex mutex_;
  std::vector<AccessRecord> records_;  // written by the server, so it is destroyed after it

 public:
  explicit TestServer(HttpLimits limits = {}, const std::string& api_key = "") {
    service = std::make_unique<Service>(provider.get(), &embedder,
                                        make_access_policy("127.0.0.1", api_key, {"models.example"}).value());
    auto started =
        HttpServer::start({"127.0.0.1", 0, limits}, service->handler([this](const AccessRecord& record) {
          std::lock_guard lock(mutex_);
          records_.push_back(record);
        }));
    if (!started) {
      ADD_FAILURE() << started.error().message();
      return;
    }
    server = std::move(*started);
  }

  TestClient connect() { return TestClient(server->port()); }

  static std::string get_text(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  static std::string post_text(const std::string& path, const std::string& body) {
    return "POST " + path +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  TestResponse get(const std::string& path) {
    TestClient client(server->port());
    client.send(get_text(path));
    return client.read_response();
  }
  TestResponse post(const std::string& path, const std::string& body) {
    TestClient client(server->port());
    client.send(post_text(path, body));
    return client.read_response();
  }

  std::vector<AccessRecord> records() {
    std::lock_guard lock(mutex_);
    return records_;
  }

  std::unique_ptr<ScriptedProvider> provider = std::make_unique<ScriptedProvider>();
  ScriptedEmbedder embedder;
  std::unique_ptr<Service> service;
  std::unique_ptr<HttpServer> server;
};

// Waits for `condition`; false if it does not come true for a long time.
template <typename Condition>
bool eventually(Condition condition) {
  for (int waited = 0; waited < kPatienceMs; waited += 5) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

}  // namespace understudy
