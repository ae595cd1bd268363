// What of a request decides which task it belongs to, taken apart: its messages' texts, and hashes of the rest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

// Why a call stays with the incumbent.
enum class Stays {
  unreadable,       // the request is not JSON of a known form, or too large
  other_route,      // neither a chat completion nor a completion of one prompt
  multi_turn,       // the prompt has assistant or tool turns
  media,            // a part of a message is not text
  several_answers,  // n > 1, or best_of > 1
  no_answer,        // the call failed, or its answer was not recorded
  repeated,         // one and the same prompt again and again, with nothing that varies
  open_ended,       // free text about free text: chat
  wider,            // its skeleton is that of a task with less constant text: slots where the task has none
  alone,            // fewer than kMinCalls calls share a skeleton
};
inline constexpr Stays kAllStays[] = {
    Stays::unreadable, Stays::other_route, Stays::multi_turn, Stays::media, Stays::several_answers,
    Stays::no_answer,  Stays::repeated,    Stays::open_ended, Stays::wider, Stays::alone};
std::string_view name_of(Stays reason);   // "multi_turn"
std::string_view describe(Stays reason);  // "multi-turn: assistant or tool messages in the prompt"

// The parts of a request that must be equal for two calls to belong to one task. Hashes are SHA-256 (hex) of
// canonical JSON; empty: not in the request.
struct RequestParts {
  std::string model;
  std::string layout;           // "system,user[2]": roles, number of text parts, other members of messages
  std::string tools;            // tools, tool_choice, parallel_tool_calls, functions, function_call
  std::string response_format;  // response_format
  std::string parameters;       // everything else that can change the answer; see below
  friend bool operator==(const RequestParts&, const RequestParts&) = default;
};

// Parameters. Left out, because they cannot change what is answered: stream, stream_options, user, metadata,
// store, service_tier, safety_identifier, prompt_cache_key, prompt_cache_retention, seed (it selects one of
// the samples, all of which are answers). temperature and top_p count by class: greedy (temperature 0) or
// sampled. Values that are the API's defaults (n 1, penalties 0, logprobs false, null ...) count as absent;
// max_completion_tokens is max_tokens. Everything else, known or not, counts with its exact value: stop,
// logit_bias, max_tokens, penalties, logprobs, reasoning_effort, ...
struct RequestShape {
  std::optional<Stays> stays;  // if set, the rest may be incomplete
  RequestParts parts;
  bool has_schema = false;         // response_format holds a JSON schema
  std::vector<std::string> texts;  // of the messages, in order
};

// Never fails: what cannot be read stays with the incumbent. Thread-safe.
RequestShape read_request(std::string_view request_json);

}  // namespace understudy
