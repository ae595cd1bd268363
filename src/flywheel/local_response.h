// A specialist's answer as the response that the client would have had from the incumbent's API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flywheel/specialist.h"
#include "flywheel/task.h"

namespace understudy {

struct LocalResponse {
  std::string_view endpoint;  // "/v1/chat/completions" or "/v1/completions"
  std::string_view model;     // as the client asked for it
  std::string_view request;   // its JSON: names the response, so that the same request has the same one
  std::string_view policy_hash;
  int64_t created = 0;  // seconds since 1970-01-01 UTC
};

// JSON of a chat completion or a completion, with one choice that finished.
// Source of the form: https://platform.openai.com/docs/api-reference/chat/object
std::string response_json(const LocalResponse& response, const Contract& contract,
                          const SpecialistAnswer& answer);

}  // namespace understudy
