// Exchange: one request and the way to answer it, once: respond(), or begin_stream() write()* end_stream().
//
// Thread-safe. After the client has gone every call does nothing. An exchange that is released without an
// answer is answered with 500 (or, in the middle of a stream, cut off).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/http/message.h"

namespace understudy {

// What an answer took; what nobody measured is empty.
struct AnswerUsage {
  int prompt_tokens = 0, completion_tokens = 0;
  std::optional<double> queue_ms = std::nullopt, cpu_seconds = std::nullopt;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const HttpRequest& request() const = 0;

  virtual void respond(HttpResponse response) = 0;

  // Sends status and headers; `head.body` is ignored.
  virtual void begin_stream(HttpResponse head) = 0;
  // Never blocks. A client that reads so slowly that HttpLimits::unsent_bytes pile up is cut off.
  virtual void write(std::string data) = 0;
  // What was written and the client's socket has not taken yet, for writers that can wait.
  virtual size_t unsent_bytes() const { return 0; }
  virtual void end_stream() = 0;

  // `callback` runs once, on the I/O thread, if the client goes away before the answer is complete; at once
  // if it has gone already. It must be quick.
  virtual void on_disconnect(std::function<void()> callback) = 0;

  // For the access record and the ledger. Before the answer's end.
  virtual void note_usage(const AnswerUsage& usage) = 0;
};

}  // namespace understudy
