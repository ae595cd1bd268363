// A person's better answer to a call, as a call of its own.
#pragma once

#include <string>

#include "base/result.h"
#include "store/call.h"

namespace understudy {

// The call of origin person that gives `correction` to the request of `call`: its response has the form of the
// endpoint's own (chat completion or completion), with the corrected text or message. `correction` is JSON: the
// text as a string, or for chat completions an assistant message. Error{invalid_argument} if it is neither,
// Error{unsupported} for calls of other endpoints or without a request.
Result<Call> person_answer(const Call& call, const std::string& correction, const std::string& from,
                           int64_t time_ms);

}  // namespace understudy
