// A whole answer as the client wants it: one JSON body, or as the events of a stream.
#pragma once

#include <boost/json/object.hpp>

#include "gateway/http/exchange.h"

namespace understudy {

// `response` is a chat completion or a completion with any number of choices; `request` the call's body. A stream has the
// events that OpenAI's has: role, content or tool calls, finish reason, usage if it was asked for, "[DONE]".
void answer_whole(Exchange& exchange, const boost::json::object& request,
                  const boost::json::object& response);

}  // namespace understudy
