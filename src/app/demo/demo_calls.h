// The application of the demo at work: its calls and its feedback go through the gateway over HTTP, as any client's do.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "app/demo/reply_log.h"
#include "app/demo/traffic.h"
#include "base/result.h"

namespace understudy {

struct SendPlan {
  std::string stage;   // "history"; its replies are kept in a file of that name
  std::string folder;  // of the demo
  std::string url;     // of the gateway: "http://127.0.0.1:PORT"
  std::string bearer;  // the application's own key; "" for none
  size_t parallel = 1;
  bool force_up = false;  // to the incumbent, whatever policies say
};

// Replies by the number of the call. Calls that were answered before are not sent again; one that fails is tried three
// times, then it is an Error.
Result<std::map<size_t, LoggedReply>> send_stage(std::span<const DemoCall> calls, const SendPlan& plan);

// Tells the right answer of each call that has one. Returns how many were told, in this run or before.
Result<size_t> give_feedback(std::span<const DemoCall> calls, const std::map<size_t, LoggedReply>& replies,
                             const SendPlan& plan);

}  // namespace understudy
