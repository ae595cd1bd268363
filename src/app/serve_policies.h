// The promoted policies of the user's home, ready to answer in the place of an upstream.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "flywheel/live_policies.h"
#include "flywheel/models.h"
#include "gateway/policy_decider.h"

namespace understudy {

// Parts in the order in which they need each other.
struct ServedPolicies {
  explicit ServedPolicies(int threads);

  Models models;
  std::unique_ptr<LivePolicies> policies;
  std::unique_ptr<PolicyDecider> decider;
};

// Policies of HOME; ones that come later are noticed. What is wrong with a policy is said on stderr, and its calls go up.
Result<std::unique_ptr<ServedPolicies>> open_policies(const std::string& home, int threads);

}  // namespace understudy
