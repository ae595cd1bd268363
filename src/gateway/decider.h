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
  // Call::reason: "specialist", or why it goes up: "contract:tools", "below_tau", "foreign_input".
  std::string reason = "";
  std::string task = "";   // key of the task that it matched; "" if none
  std::string proof = "";  // hash of the policy; "" without one
  // Answered locally, and the incumbent is asked too once the client has its answer (P11).
  bool audit = false;

  // Of a call that is answered locally. The response is whole, in the endpoint's form, and not streamed.
  std::string response = "";
  std::string target_model = "", model_hash = "", adapter_hash = "";
  std::optional<double> confidence = std::nullopt;

  // What the specialist spent, also in vain.
  std::optional<int64_t> prompt_tokens = std::nullopt, completion_tokens = std::nullopt;
  std::optional<double> total_ms = std::nullopt, cpu_seconds = std::nullopt;
};

class Decider {
 public:
  virtual ~Decider() = default;

  // Calls `done` once, on any thread, and soon when no policy matches. Never fails: what goes wrong is a reason
  // to go up. Thread-safe.
  virtual void decide(LiveCall call, std::function<void(Decision)> done) = 0;
};

}  // namespace understudy
