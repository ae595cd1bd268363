// understudy specialise: from a mined task to a specialist that dev has chosen.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "app/loop_models.h"
#include "flywheel/specialise.h"

namespace understudy {
namespace {

struct Options {
  SpecialiseRequest request;
  bool json = false;
};

Status specialise_task(Options options) {
  SpecialiseRequest& request = options.request;
  ASSIGN_OR_RETURN(request.home, home_directory());
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  Models models = models_of_user();
  request.on_needs = [](const ProofNeeds& needs) { fmt::print(stderr, "{}", needs_text(needs)); };
  request.on_progress = progress_on_stderr();
  request.cancelled = cancelled_by_signal();
  ASSIGN_OR_RETURN(const SpecialiseReport report, specialise(request, *store, models));
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(to_json(report)));
    return {};
  }
  fmt::print("{}", report_text(report));
  if (report.chosen) fmt::print("Next: understudy prove {}\n", report.task.substr(0, 12));
  return {};
}

}  // namespace

void add_specialise(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  SpecialiseRequest& request = options->request;
  auto* verb =
      app.add_subcommand("specialise", "Train specialists for a task, smallest first, and choose one");
  verb->add_option("TASK", request.task, "The beginning of its key")->required();
  verb->add_option("--max-minutes", request.max_minutes, "For training; 40 and more also try a larger model")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--delta", request.margin.delta,
                   "Share of right answers that may be lost; fixed before the proof")
      ->check(CLI::Range(0.001, kMaxMargin))
      ->capture_default_str();
  verb->add_option("--reason", request.margin.reason, "Why so much may be lost; needed above 0.03");
  verb->add_option("--rungs", request.rungs, "Only these of the ladder")->delimiter(',');
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "The task's calls become a dataset: rows to train on, rows to choose by (dev), rows to compare by "
      "(benchmark),\n"
      "and rows that are sealed until understudy prove opens them once. Answers come from the incumbent and "
      "from\n"
      "people, never from a local model. What a proof will need is printed first. A specialist that answers "
      "95 % of\n"
      "dev ends the climb; --rungs trains a larger one all the same.\n"
      "Stopped with Ctrl-C, the same command goes on where it was.\n\n"
      "Examples:\n"
      "  understudy tasks ls\n"
      "  understudy specialise 3f2a91\n"
      "  understudy specialise 3f2a91 --rungs head,smollm2:135m --delta 0.03");
  verb->callback([&action, options] { action = [options] { return specialise_task(*options); }; });
}

}  // namespace understudy
