#include "flywheel/promote.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/json.h"
#include "base/sha256.h"
#include "flywheel/durable_file.h"
#include "flywheel/home_folders.h"
#include "flywheel/json_fields.h"
#include "flywheel/specialist_files.h"
#include "store/call_id.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

std::string kill_switch(const std::string& home) { return home + "/policies/all-rolled-back"; }

// One line of HOME/policies/history.jsonl: who, when, why.
Status add_history(const std::string& home, const json::object& line) {
  const std::string path = home + "/policies/history.jsonl", text = json::serialize(line) + '\n';
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return system_error("cannot write the file", path);
  const bool good =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const Status status = good ? Status() : Status(system_error("cannot write the file", path));
  ::close(file);
  return status;
}

json::object history_line(std::string_view action, const std::string& task, const std::string& from,
                          const std::string& reason) {
  return {{"time_ms", unix_ms_now()}, {"action", action}, {"task", task}, {"from", from}, {"reason", reason}};
}

Status write_policy(const Policy& policy, const std::string& home) {
  return replace_file(policy_path(home, policy.contract.task.key()), json::serialize(to_json(policy)) + '\n');
}

struct StoredProof {
  std::string hash;  // of the file
  std::string verdict, policy_hash, specialist_hash;
};

Result<StoredProof> read_proof(const std::string& folder) {
  const auto text = read_file(folder + "/proof.json");
  if (!text.ok() && text.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::not_found, "the specialist has no proof", folder, "Run understudy prove first"};
  }
  if (!text.ok()) return text.error();
  ASSIGN_OR_RETURN(const json::value value, parse_json(*text));
  JsonFields fields(value, "a proof");
  JsonFields policy(fields.object("policy"), "a proof");
  StoredProof proof{sha256_hex(*text), fields.text("verdict"), policy.text("hash"),
                    policy.text("specialist_hash")};
  RETURN_IF_ERROR(fields.status());
  RETURN_IF_ERROR(policy.status());
  return proof;
}

Status check_verdict(const StoredProof& proof, bool accept_agreement) {
  if (proof.verdict == name_of(Verdict::pass)) return {};
  const bool agrees = proof.verdict == name_of(Verdict::agreement);
  if (agrees && accept_agreement) return {};
  return Error{ErrorCode::forbidden, "the proof's verdict is '" + proof.verdict + "', which does not promote",
               "",
               agrees ? "Label calls and prove again, or say --accept-agreement" : "See the proof's report"};
}

// Every file that the spec names has the bytes that were proven.
Status check_parts(const SpecialistManifest& manifest, const std::string& folder) {
  for (const auto& [part, value] : manifest.spec) {
    if (!value.is_object() || !value.get_object().contains("file")) continue;
    const auto bytes = read_part(manifest.spec, std::string_view(part.data(), part.size()), folder);
    if (!bytes.ok()) return bytes.error();
  }
  return {};
}

Status check_request(const PromoteRequest& request) {
  const bool is_share = request.state == PolicyState::share;
  if (request.state == PolicyState::rolled_back || (is_share && !(request.share > 0 && request.share <= 1)))
    return Error{ErrorCode::invalid_argument, fmt::format("a share of {} is not in (0, 1]", request.share),
                 "share", "0.1 is one call of ten"};
  if (request.audit_share >= 0 && request.audit_share <= 1) return {};
  return Error{ErrorCode::invalid_argument, "an audit share is in [0, 1]", "audit-share", ""};
}

}  // namespace

bool is_rolled_back(const std::string& home) { return ::access(kill_switch(home).c_str(), F_OK) == 0; }

Result<Policy> promote(const PromoteRequest& request) {
  RETURN_IF_ERROR(check_request(request));
  const std::string& home = request.home;
  ASSIGN_OR_RETURN(const Task task, task_of_home(home, request.task));
  Policy policy;
  ASSIGN_OR_RETURN(policy.specialist_folder, chosen_specialist(home, task.key()));
  const std::string folder = home + '/' + policy.specialist_folder;
  ASSIGN_OR_RETURN(const SpecialistManifest manifest, read_manifest(folder));
  ASSIGN_OR_RETURN(const StoredProof proof, read_proof(folder));
  RETURN_IF_ERROR(check_verdict(proof, request.accept_agreement));
  const PolicyIdentity identity = manifest.policy();
  if (proof.policy_hash != identity.hash || proof.specialist_hash != identity.specialist_hash) {
    return Error{ErrorCode::corrupt, "the specialist on the disk is not the one that was proven", folder,
                 "Run understudy specialise and prove again"};
  }
  RETURN_IF_ERROR(check_parts(manifest, folder));
  policy.contract = manifest.contract;
  policy.specialist_hash = identity.specialist_hash;
  policy.policy_hash = identity.hash;
  policy.proof_hash = proof.hash;
  policy.verdict = proof.verdict;
  policy.tau = identity.tau;
  policy.state = request.state;
  policy.share = request.state == PolicyState::share ? request.share : 1;
  policy.audit_share = request.audit_share;
  policy.changed_ms = unix_ms_now();
  RETURN_IF_ERROR(make_private_folder(home + "/policies"));
  json::object line = history_line("promote", task.key(), request.from, request.reason);
  line["policy"] = policy.policy_hash;
  line["proof"] = policy.proof_hash;
  line["verdict"] = policy.verdict;
  line["state"] = name_of(policy.state);
  line["share"] = policy.share;
  RETURN_IF_ERROR(add_history(home, line));
  RETURN_IF_ERROR(write_policy(policy, home));
  std::error_code failed;
  fs::remove(kill_switch(home), failed);
  if (failed)
    return Error{ErrorCode::io, "cannot end the kill switch: " + failed.message(), kill_switch(home), ""};
  return policy;
}

Result<std::vector<std::string>> rollback(const RollbackRequest& request) {
  const std::string& home = request.home;
  const bool all = request.task.empty();
  if (all) {
    RETURN_IF_ERROR(make_private_folder(home + "/policies"));
    RETURN_IF_ERROR(replace_file(kill_switch(home), "every call goes to the incumbent\n"));
  }
  std::vector<std::string> keys;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(home + "/policies", failed)) {
    const std::string key = entry.path().stem();
    if (entry.path().extension() == ".json" && key.starts_with(request.task)) keys.push_back(key);
  }
  if (!all && keys.size() != 1) {
    return Error{
        keys.empty() ? ErrorCode::not_found : ErrorCode::invalid_argument,
        fmt::format("{} policies are for a task '{}'", keys.empty() ? "no" : "several", request.task), "",
        keys.empty() ? "" : "Write more of the key"};
  }
  for (const std::string& key : keys) {
    auto policy = read_policy(policy_path(home, key));
    // The kill switch is on already; a policy that cannot be read answers nothing.
    if (!policy.ok() && all) continue;
    if (!policy.ok()) return policy.error();
    policy->state = PolicyState::rolled_back;
    policy->changed_ms = unix_ms_now();
    RETURN_IF_ERROR(write_policy(*policy, home));
    RETURN_IF_ERROR(add_history(home, history_line("rollback", key, request.from, request.reason)));
  }
  if (all) RETURN_IF_ERROR(add_history(home, history_line("rollback_all", "", request.from, request.reason)));
  return keys;
}

}  // namespace understudy
