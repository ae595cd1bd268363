// understudy watch: what audits say of a promoted specialist.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "flywheel/home_folders.h"
#include "flywheel/promote.h"
#include "flywheel/watch.h"

namespace understudy {
namespace {

struct Options {
  std::string task;
  bool json = false;
};

Status watch_task(const Options& options) {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  ASSIGN_OR_RETURN(const Task task, task_of_home(home, options.task));
  const auto policy = read_policy(policy_path(home, task.key()));
  if (!policy.ok() && policy.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::not_found, "the task has no promoted specialist", task.key().substr(0, 12),
                 "Run understudy promote first"};
  }
  if (!policy.ok()) return policy.error();
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const WatchReport report, watch(*store, policy->contract));
  if (options.json) {
    boost::json::object object = to_json(report);
    object["task"] = task.key();
    object["state"] = name_of(policy->state);
    fmt::print("{}\n", boost::json::serialize(object));
    return {};
  }
  fmt::print("policy      {}, tau {:.4g}\n{}", name_of(policy->state), policy->tau, report_text(report));
  return {};
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb =
      app.add_subcommand("watch", "Compare a specialist's answers with the incumbent's since its promotion");
  verb->add_option("TASK", options->task, "The beginning of its key")->required();
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "A share of the local answers is audited: the incumbent answers too, once the client has its answer. "
      "The\n"
      "intervals hold at all times at once, so looking often costs nothing. Labels of audited calls say who "
      "is right.\n\n"
      "Example:\n"
      "  understudy watch 3f2a91");
  verb->callback([&action, options] { action = [options] { return watch_task(*options); }; });
}

}  // namespace understudy
