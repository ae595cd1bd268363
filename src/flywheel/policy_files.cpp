#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <iterator>

#include "base/json.h"
#include "flywheel/durable_file.h"
#include "flywheel/json_fields.h"
#include "flywheel/promote.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr PolicyState kStates[] = {PolicyState::shadow, PolicyState::share, PolicyState::all,
                                   PolicyState::rolled_back};

bool is_share(double value) { return value > 0 && value <= 1; }

}  // namespace

std::string_view name_of(PolicyState state) {
  switch (state) {
    case PolicyState::shadow:
      return "shadow";
    case PolicyState::share:
      return "share";
    case PolicyState::all:
      return "all";
    case PolicyState::rolled_back:
      return "rolled_back";
  }
  return "";
}

json::object to_json(const Policy& policy) {
  return {{"contract", to_json(policy.contract)},
          {"specialist_folder", policy.specialist_folder},
          {"specialist", policy.specialist_hash},
          {"policy", policy.policy_hash},
          {"proof", policy.proof_hash},
          {"verdict", policy.verdict},
          {"tau", policy.tau},
          {"state", name_of(policy.state)},
          {"share", policy.share},
          {"audit_share", policy.audit_share},
          {"changed_ms", policy.changed_ms}};
}

Result<Policy> policy_from_json(const json::value& value) {
  JsonFields fields(value, "a policy");
  Policy policy;
  const json::object contract = fields.object("contract");
  policy.specialist_folder = fields.text("specialist_folder");
  policy.specialist_hash = fields.text("specialist");
  policy.policy_hash = fields.text("policy");
  policy.proof_hash = fields.text("proof");
  policy.verdict = fields.text("verdict");
  policy.tau = fields.number("tau");
  const std::string state = fields.text("state");
  policy.share = fields.number("share");
  policy.audit_share = fields.number("audit_share");
  policy.changed_ms = fields.integer("changed_ms");
  const auto found = std::find_if(std::begin(kStates), std::end(kStates),
                                  [&](PolicyState each) { return name_of(each) == state; });
  if (found == std::end(kStates)) {
    fields.refuse("state");
  } else {
    policy.state = *found;
  }
  if (!(policy.tau >= 0 && policy.tau <= 1)) fields.refuse("tau");
  if (!is_share(policy.share)) fields.refuse("share");
  if (!(policy.audit_share >= 0 && policy.audit_share <= 1)) fields.refuse("audit_share");
  RETURN_IF_ERROR(fields.status());
  ASSIGN_OR_RETURN(policy.contract, contract_from_json(contract));
  return policy;
}

std::string policy_path(const std::string& home, const std::string& task) {
  return home + "/policies/" + task + ".json";
}

Result<Policy> read_policy(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  const auto parsed = parse_json(text);
  auto policy = parsed.ok() ? policy_from_json(*parsed) : Result<Policy>(parsed.error());
  if (policy.ok()) return policy;
  return Error{ErrorCode::corrupt, policy.error().what, path + ", " + policy.error().where,
               "Promote the task again, or remove the file"};
}

Result<std::vector<Policy>> read_policies(const std::string& home) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(home + "/policies", failed)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Policy> policies;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(Policy policy, read_policy(path));
    policies.push_back(std::move(policy));
  }
  return policies;
}

}  // namespace understudy
