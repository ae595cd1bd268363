// What came back for the calls of one stage of the demo, kept in a file of JSON lines, so that a demo that was cut off
// goes on where it stopped.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "app/demo/call_sender.h"
#include "base/result.h"

namespace understudy {

struct LoggedReply {
  std::string call_id;  // in the ledger
  std::string text;     // of the answer; "" if there is none
  bool local = false;   // a specialist answered
  std::string reason;   // why it was answered there
  double total_ms = 0;
};

// A reply with status 200 of a chat completion, streamed or not. Errors: io (no answer, or a refusal, whose message is
// named), corrupt.
Result<LoggedReply> read_reply(const IncomingReply& reply);

class ReplyLog {
 public:
  // Reads what is there; a last line that was cut off is dropped. Error{io}, Error{corrupt} names the line.
  static Result<ReplyLog> open(const std::string& path);

  // By the number of the call in its stage.
  const std::map<size_t, LoggedReply>& replies() const { return replies_; }
  Status add(size_t number, LoggedReply reply);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::map<size_t, LoggedReply> replies_;
};

}  // namespace understudy
