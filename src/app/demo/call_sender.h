// An ordinary HTTP client that sends many calls, some at a time (libcurl's multi interface).
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace understudy {

struct OutgoingCall {
  std::string url, body;
  std::vector<std::string> headers;  // "name: value", besides the content type
  std::string bearer;                // "" for none
};

struct IncomingReply {
  long status = 0;                             // 0: no answer; `error` says why
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  double first_byte_ms = 0, total_ms = 0;  // since the call was sent
  std::string error;
};

// Called once for each call, in the order in which they end; an Error stops all.
using ReplySink = std::function<Status(size_t index, IncomingReply reply)>;

// Sends the calls in their order, `parallel` at once. A call that fails is a reply; an Error is the sink's or libcurl's.
Status send_calls(std::span<const OutgoingCall> calls, size_t parallel, const ReplySink& sink);

}  // namespace understudy
