// understudy promote and rollback: who answers a task's live calls.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <memory>

#include "app/commands.h"
#include "app/home.h"
#include "flywheel/promote.h"

namespace understudy {
namespace {

struct PromoteOptions {
  PromoteRequest request;
  bool shadow = false, json = false;
};

struct RollbackOptions {
  RollbackRequest request;
  bool all = false, json = false;
};

std::string user_name() {
  const char* user = std::getenv("USER");
  return user != nullptr ? user : "cli";
}

Status promote_task(PromoteOptions options) {
  PromoteRequest& request = options.request;
  ASSIGN_OR_RETURN(request.home, home_directory());
  request.from = user_name();
  if (options.shadow) {
    request.state = PolicyState::shadow;
  } else if (request.share < 1) {
    request.state = PolicyState::share;
  }
  ASSIGN_OR_RETURN(const Policy policy, promote(request));
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(to_json(policy)));
    return {};
  }
  const std::string task = policy.contract.task.key().substr(0, 12);
  const std::string calls = policy.state == PolicyState::shadow ? "asked on every call and answers none"
                            : policy.state == PolicyState::share
                                ? fmt::format("answers {:g} % of the calls that it may", 100 * policy.share)
                                : "answers every call that it may";
  fmt::print(
      "Promoted: the specialist of {} {} (confidence {:.4g} and more); a running server sees it within a "
      "second.\n"
      "Undo: understudy rollback {}\n",
      task, calls, policy.tau, task);
  return {};
}

Status roll_back(RollbackOptions options) {
  RollbackRequest& request = options.request;
  if (options.all != request.task.empty())
    return Error{ErrorCode::invalid_argument, "name a task, or say --all", "TASK", ""};
  ASSIGN_OR_RETURN(request.home, home_directory());
  request.from = user_name();
  ASSIGN_OR_RETURN(const auto keys, rollback(request));
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(boost::json::array(keys.begin(), keys.end())));
    return {};
  }
  for (const std::string& key : keys) fmt::print("rolled back  {}\n", key.substr(0, 12));
  if (options.all) fmt::print("Every call goes to the incumbent until the next promotion.\n");
  return {};
}

}  // namespace

void add_promote(CLI::App& app, Action& action) {
  auto options = std::make_shared<PromoteOptions>();
  PromoteRequest& request = options->request;
  auto* verb = app.add_subcommand("promote", "Let a proven specialist answer a task's live calls");
  verb->add_option("TASK", request.task, "The beginning of its key")->required();
  auto* share = verb->add_option("--share", request.share, "Share of the calls, always the same ones")
                    ->check(CLI::Range(0.0, 1.0))
                    ->capture_default_str();
  verb->add_flag("--shadow", options->shadow, "Ask it on every call, but let the incumbent answer")
      ->excludes(share);
  verb->add_option("--audit-share", request.audit_share,
                   "Share of local answers that the incumbent gives too")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_flag("--accept-agreement", request.accept_agreement,
                 "Promote although no label says that the incumbent is right");
  verb->add_option("--reason", request.reason, "Why, for the history");
  verb->add_flag("--json", options->json, "The policy as JSON");
  verb->footer(
      "Only a proof that passed promotes, and only the very specialist that was proven. A call that differs "
      "in any part\n"
      "of the contract (prompt, tools, parameters, ...), that looks foreign, or whose answer is not sure "
      "enough goes to\n"
      "the incumbent; the response's headers say who answered and why.\n\n"
      "Examples:\n"
      "  understudy promote 3f2a91 --shadow\n"
      "  understudy promote 3f2a91 --share 0.1\n"
      "  understudy promote 3f2a91");
  verb->callback([&action, options] { action = [options] { return promote_task(*options); }; });
}

void add_rollback(CLI::App& app, Action& action) {
  auto options = std::make_shared<RollbackOptions>();
  auto* verb = app.add_subcommand("rollback", "Send a task's calls to the incumbent again, at once");
  verb->add_option("TASK", options->request.task, "The beginning of its key");
  verb->add_flag("--all", options->all, "The kill switch: no call is answered locally");
  verb->add_option("--reason", options->request.reason, "Why, for the history");
  verb->add_flag("--json", options->json, "The tasks as a JSON array");
  verb->footer(
      "A running server obeys from the next call on. What happened is in policies/history.jsonl.\n\n"
      "Examples:\n"
      "  understudy rollback 3f2a91 --reason \"complaints about fees\"\n"
      "  understudy rollback --all");
  verb->callback([&action, options] { action = [options] { return roll_back(*options); }; });
}

}  // namespace understudy
