// HttpServer: HTTP/1.1 with keep-alive over plain TCP, meant to stand on a loopback address or behind a TLS
// proxy.
//
// One I/O thread for all sockets, one worker thread for handlers. Every wait has a deadline and every buffer
// a bound. A client that goes away is noticed at once, also while its answer is being made.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "gateway/http/exchange.h"

namespace understudy {

struct HttpLimits {
  size_t header_bytes = 16 << 10;
  size_t body_bytes = 8 << 20;
  size_t unsent_bytes = 4 << 20;  // of one answer, waiting for a slow reader
  int connections = 1024;         // beyond: the one that has been without a request for longest is closed
  int requests_with_body = 256;   // being read or answered (they hold memory); beyond: 503
  std::chrono::milliseconds header_timeout{10'000};  // first to last byte of a head
  std::chrono::milliseconds body_timeout{60'000};    // end of the head to end of the body
  std::chrono::milliseconds idle_timeout{75'000};    // between requests of a connection
  std::chrono::milliseconds write_timeout{30'000};   // a write without progress
  std::chrono::milliseconds linger{1'000};           // after a refusal, so that the client can read it
};

// One line of the access log.
struct AccessRecord {
  std::string request_id, method, path;
  int status = 0;  // 0: the client went away before the answer
  bool complete = false;
  std::chrono::milliseconds duration{0};  // from the end of the head to the end of the answer
  int prompt_tokens = 0, completion_tokens = 0;
};

struct HttpHandler {
  // On the I/O thread when the head is in and before the body is read: a response refuses the request. Must
  // be quick.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> admit;
  // On the worker thread. Answers through the exchange, then or later. An exception is a 500.
  std::function<void(std::shared_ptr<Exchange>)> handle;
  // The answer to what the server itself refuses: malformed, too large, too slow, too many.
  std::function<HttpResponse(int status, const std::string& what)> refuse;
  // On the I/O thread, after each answer.
  std::function<void(const AccessRecord&)> finished;
};

class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // an IP address or "localhost"
    uint16_t port = 0;               // 0: any free one
    HttpLimits limits;
  };
  // Listens and serves when it returns.
  static Result<std::unique_ptr<HttpServer>> start(Options options, HttpHandler handler);
  // Closes all connections (their exchanges are disconnected), then ends the threads.
  ~HttpServer();

  uint16_t port() const;
  int connections() const;  // open now
  // Accepts nothing more, closes idle connections and lets running requests finish.
  void drain();
  bool drained() const;  // after drain(): no connection is left

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
