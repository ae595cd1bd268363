// UpstreamClient: requests to other servers, many at once on one thread, over libcurl. The user's proxy settings and
// certificates apply (upstream/certificates.h). HTTP/2 where a TLS upstream offers it, else HTTP/1.1. Redirects are not
// followed and encodings not undone: what comes is what was sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/http/message.h"

namespace understudy {

struct UpstreamRequest {
  std::string method, url;
  std::vector<HttpHeader> headers;  // all that are sent besides Host and Content-Length
  std::string body;
  int delay_ms = 0;  // before it is sent
};

struct UpstreamHead {
  int status = 0;
  std::string content_type;
  std::vector<HttpHeader> headers;  // as they came, without Content-Type
};

// Takes one answer. On the client's thread: head, then data any number of times, then end; or end alone. Must not
// block.
class UpstreamReceiver {
 public:
  virtual ~UpstreamReceiver() = default;
  virtual void head(UpstreamHead head) = 0;
  virtual void data(std::string_view bytes) = 0;
  // Whether data() may be called now. While it may not, nothing is read from the upstream; asked again soon.
  virtual bool has_room() const { return true; }
  // Once; last. Error{io} if the answer is not whole, Error{cancelled} after cancel().
  virtual void end(Status status) = 0;
};

class UpstreamClient {
 public:
  static Result<std::unique_ptr<UpstreamClient>> create();
  // Cancels everything.
  ~UpstreamClient();
  UpstreamClient(const UpstreamClient&) = delete;
  UpstreamClient& operator=(const UpstreamClient&) = delete;

  // Thread-safe; also from a receiver. Returns the name by which it can be cancelled.
  uint64_t start(UpstreamRequest request, std::shared_ptr<UpstreamReceiver> receiver);
  // Thread-safe. Unknown or finished names are ignored.
  void cancel(uint64_t id);

 private:
  struct Impl;
  explicit UpstreamClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
