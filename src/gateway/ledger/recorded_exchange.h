// RecordedExchange: an exchange whose answer also goes to the ledger, whoever gives it. Adds the headers that name the call
// and say who answered and why.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/http/passing_exchange.h"
#include "gateway/ledger/recorder.h"
#include "gateway/ledger/stream_assembler.h"

namespace understudy {

// Headers of a request that say where its call belongs: x-understudy-project, -session, -tags (separated by commas) and
// -log (full, metadata or off). Errors name the header.
struct CallMarks {
  std::string project, session;
  std::vector<std::string> tags;
  std::optional<LogLevel> log;
};
Result<CallMarks> read_call_marks(const HttpRequest& request);

class RecordedExchange final : public PassingExchange {
 public:
  // `recorder` may be nullptr: the headers alone. Both must outlive the exchange.
  RecordedExchange(std::shared_ptr<Exchange> inner, Recorder* recorder, CallMarks marks);
  // A call that nobody answered is recorded too.
  ~RecordedExchange() override;

  // What is known before the answer begins: route, reason, provider, hashes, ... Not after it has begun.
  Call& call() { return call_; }

  void respond(HttpResponse response) override;
  void begin_stream(HttpResponse head) override;
  void write(std::string data) override;
  void end_stream() override;
  void note_usage(const AnswerUsage& usage) override;

 private:
  using Clock = std::chrono::steady_clock;
  void mark(HttpResponse& response) const;
  void note_first_byte();
  void finish(std::string response, std::function<void(Status)> done = {});

  Recorder* const recorder_;
  const LogLevel log_;
  const Clock::time_point begin_ = Clock::now();

  std::mutex mutex_;  // answers come from several threads, one after the other
  Call call_;
  StreamAssembler stream_;
  bool finished_ = false, streaming_ = false;
};

}  // namespace understudy
