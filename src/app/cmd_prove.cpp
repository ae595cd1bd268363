// understudy prove: the one opening of a task's sealed rows.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "app/loop_models.h"
#include "eval/report_text.h"
#include "flywheel/prove_task.h"

namespace understudy {
namespace {

constexpr int kUndecided = 2;

struct Options {
  ProveRequest request;
  double usd_per_cpu_hour = 0.05;
  bool json = false;
};

// Pass 0, fail and refused 1, inconclusive and agreement 2.
int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return EXIT_SUCCESS;
    case Verdict::fail:
    case Verdict::refused:
      return EXIT_FAILURE;
    case Verdict::inconclusive:
    case Verdict::agreement:
      return kUndecided;
  }
  return EXIT_FAILURE;
}

Result<Verdict> prove_and_print(Options options) {
  ProveRequest& request = options.request;
  request.usd_per_cpu_hour = options.usd_per_cpu_hour;
  ASSIGN_OR_RETURN(request.home, home_directory());
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  Models models = models_of_user();
  request.on_progress = progress_on_stderr();
  request.cancelled = cancelled_by_signal();
  ASSIGN_OR_RETURN(const ProveReport report, prove_task(request, *store, models));
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(to_json(report.proof)));
    return report.proof.verdict;
  }
  fmt::print("{}\nreport   {}\n", report_text(report.proof), report.report_path);
  if (report.proof.verdict == Verdict::pass)
    fmt::print("Next: understudy promote {}\n", report.proof.policy.task.substr(0, 12));
  return report.proof.verdict;
}

Status prove_and_exit(const Options& options) {
  ASSIGN_OR_RETURN(const Verdict verdict, prove_and_print(options));
  std::fflush(stdout);
  if (verdict != Verdict::pass) std::exit(exit_code(verdict));  // the verdict is on stdout, it is no error
  return {};
}

}  // namespace

void add_prove(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "prove", "Open a task's sealed rows, once, and say whether its specialist may answer");
  verb->add_option("TASK", options->request.task, "The beginning of its key")->required();
  verb->add_option("--cpu-hour-usd", options->usd_per_cpu_hour, "What an hour of this machine's CPUs costs")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--json", options->json, "The proof as JSON");
  verb->footer(
      "The policy (specialist, its threshold, the incumbent for everything else) is run on calls that "
      "nothing has\n"
      "seen. It passes if it loses less than the margin, with 95 % confidence, and harms no part of the "
      "traffic.\n"
      "The rows are spent afterwards: another proof needs calls that come later. proof.json and report.html "
      "are\n"
      "written beside the specialist.\n"
      "Exit codes: 0 pass, 1 fail or refused, 2 inconclusive or agreement only.\n\n"
      "Example:\n"
      "  understudy prove 3f2a91");
  verb->callback([&action, options] { action = [options] { return prove_and_exit(*options); }; });
}

}  // namespace understudy
