// Promotion and rollback: which proven policies answer live calls, as files that a running server notices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "flywheel/task.h"

namespace understudy {

enum class PolicyState {
  shadow,       // asked on every call, answers none
  share,        // answers its share of the calls, always the same ones
  all,          // answers every call that it may
  rolled_back,  // answers none
};
std::string_view name_of(PolicyState state);  // "rolled_back"

// HOME/policies/TASK.json.
struct Policy {
  Contract contract;
  std::string specialist_folder;  // inside home
  std::string specialist_hash, policy_hash;
  std::string proof_hash;  // SHA-256 of proof.json
  std::string verdict;     // "pass" or "agreement"
  double tau = 1;
  PolicyState state = PolicyState::all;
  double share = 1;           // of calls, with PolicyState::share
  double audit_share = 0.05;  // of local answers, also sent to the incumbent (P11)
  int64_t changed_ms = 0;     // since 1970-01-01 UTC
};

boost::json::object to_json(const Policy& policy);
Result<Policy> policy_from_json(const boost::json::value& value);

// All of HOME/policies, by task; none if there is no folder. Error{corrupt} names the file.
Result<std::vector<Policy>> read_policies(const std::string& home);
// The same file by file: what cannot be read is told, and does not keep others from working.
std::string policy_path(const std::string& home, const std::string& task);
Result<Policy> read_policy(const std::string& path);

struct PromoteRequest {
  std::string home;
  std::string task;                      // key, or its beginning
  PolicyState state = PolicyState::all;  // shadow, share or all
  double share = 1;                      // in (0, 1], with PolicyState::share
  double audit_share = 0.05;
  bool accept_agreement = false;  // promotes a policy of which only agreement is known
  std::string from = "cli";       // who
  std::string reason;             // why
};

// Promotes what prove_task() proved last. Errors: not_found (no task, no proof), forbidden (a verdict that does not
// promote, or an agreement that was not accepted), corrupt (the specialist on the disk is not the proven one),
// invalid_argument (a share outside its range). Ends the kill switch.
Result<Policy> promote(const PromoteRequest& request);

struct RollbackRequest {
  std::string home;
  std::string task;  // key, or its beginning; "" for all
  std::string from = "cli";
  std::string reason;
};

// Every call of these tasks goes to the incumbent from now on, in a running server too. Without a task it is the kill
// switch: it works even if policies cannot be read. Returns the keys. Errors: not_found (no such policy), io.
Result<std::vector<std::string>> rollback(const RollbackRequest& request);

// Whether the kill switch is on.
bool is_rolled_back(const std::string& home);

}  // namespace understudy
