// The promoted policies on live calls: matching, the specialist, tau. docs/design/loop.md, "What decides a live call".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flywheel/models.h"
#include "flywheel/promote.h"

namespace understudy {

struct PolicyDecision {
  bool local = false;
  // "specialist", or why the call goes up:
  //   no_policy           no policy is for this project and model
  //   contract:PART       the first part that differs from the nearest policy (contract.h), or why the call can belong to
  //                       no task (contract:multi_turn, contract:media, contract:several_answers, ...)
  //   rolled_back, share  the policy answers no calls now, or not this one
  //   shadow              it would have been answered
  //   foreign_input       the domain gate stopped it
  //   below_tau, malformed_answer, specialist_failed
  std::string reason;
  std::string task, policy_hash;  // of the policy that it matched
  bool audit = false;             // answered locally, and to be sent to the incumbent as well (P11)

  // Of a call that is answered locally: a chat completion or a completion, whole.
  std::string response;
  std::string rung, specialist_hash;
  std::optional<double> confidence;

  // What the specialist spent, also in vain.
  std::optional<int64_t> prompt_tokens, completion_tokens;
  std::optional<double> total_ms, cpu_seconds;
};

class LivePolicies {
 public:
  // Loads the policies of HOME. Those that cannot be loaded answer nothing; see problems(). `models` must outlive it.
  static Result<std::unique_ptr<LivePolicies>> open(const std::string& home, Models& models);
  ~LivePolicies();
  LivePolicies(const LivePolicies&) = delete;
  LivePolicies& operator=(const LivePolicies&) = delete;

  // Waits for the specialist if the call matches. The same request gives the same decision but for `audit`, times and the
  // response's `created`. A policy that was promoted is seen within a second, one that was rolled back at once.
  // Thread-safe.
  PolicyDecision decide(std::string_view project, std::string_view endpoint, std::string_view request);

  // Policies that answer, and what is wrong with the others.
  size_t size() const;
  std::vector<std::string> problems() const;

 private:
  struct Impl;
  explicit LivePolicies(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
