// Call: what went over the wire, and what we knew when it did. One row of the ledger (docs/design/ledger.md).
//
// Unknown figures are null, never 0. A Call has no headers, so it cannot hold the Authorization of a request;
// credentials that clients put into bodies are taken out when it is appended (store/credentials.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

// Who answered.
enum class Origin {
  incumbent,  // the model behind an upstream that answers today
  local,      // a model or specialist of this machine: never a training target (P2)
  person,     // a person's answer to a call that is there already (Call::answer_to)
};

// "incumbent", "local", "person".
std::string_view name_of(Origin origin);
std::optional<Origin> origin_named(std::string_view name);

struct Call {
  std::string id;       // store/call_id.h; carries time_ms
  int64_t time_ms = 0;  // when the request arrived: milliseconds since 1970, UTC
  std::string project;  // "" is the default project
  std::string session;
  std::string task;       // key of the task that it belongs to; "" if none is known
  std::string answer_to;  // origin person: the id of the call that this is the better answer to
  std::vector<std::string> tags;

  std::string endpoint;  // path: "/v1/chat/completions"
  std::string model;     // as the client asked
  Origin origin = Origin::incumbent;
  std::string route;     // decision: "up" or "local"; "" for an imported call
  std::string reason;    // why, as a code and what it concerns: "contract:tools", "below_tau", "forced_up"
  std::string provider;  // who answered: the upstream's or the local target's name in the configuration
  std::string target_model;  // as the provider calls the model that answered
  std::string model_hash;    // SHA-256 of the local model's bytes; "" when an upstream answered
  std::string adapter_hash;  // SHA-256 of the adapter or head; "" without one

  std::string request;   // JSON as it passed; "" if only metadata is kept
  std::string response;  // JSON; a streamed answer is assembled into the form of one that was not
  bool streamed = false;
  int status = 0;  // HTTP; 0 if there was no answer

  std::optional<int64_t> prompt_tokens, completion_tokens;
  std::optional<int64_t> cached_tokens;  // of prompt_tokens, those read from a cache
  std::optional<double> queue_ms, first_token_ms, total_ms;
  std::optional<double> cpu_seconds;  // spent on a local answer
  std::optional<double> cost_usd;     // store/prices.h
  std::string error;                  // why there is no answer, or why it was cut off; "" if all went well

  std::string
      import_key;  // identity of a row that was imported, "" for a live call (store/call_formats/reader.h)
};

// Names the field that is too long, is not UTF-8 or holds a NUL; bodies are only bounded (store/limits.h). The id
// must be a call's and carry time_ms.
Status check(const Call& call);

}  // namespace understudy
