// Decider: says of a live call whether it is answered here in the incumbent's place, and by what.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace understudy {

struct LiveCall {
  std::string project;
  std::string endpoint;  // "/v1/chat/completions"
  std::string request;   // JSON as it came
};

struct Decision {
  bool local = false;
  std::string
      reason;  // Call::reason: "specialist", or why it goes up: "contract:tools", "below_tau", "foreign_input"
  std::string task;   // key of the task that it matched; "" if none
  std::string proof;  // hash of the policy; "" without one
  bool audit =
      false;  // answered locally, and the incumbent is asked too once the client has its answer (P11)

  // Of a call that is answered locally. The response is whole, in the endpoint's form, and not streamed.
  std::string response;
  std::string target_model, model_hash, adapter_hash;
  std::optional<double> confidence;

  // What the specialist spent, also in vain.
  std::optional<int64_t> prompt_tokens, completion_tokens;
  std::optional<double> total_ms, cpu_seconds;
};

class Decider {
 public:
  virtual ~Decider() = default;

  // Calls `done` once, on any thread, and soon when no policy matches. Never fails: what goes wrong is a reason
  // to go up. Thread-safe.
  virtual void decide(LiveCall call, std::function<void(Decision)> done) = 0;
};

}  // namespace understudy
