// understudy demo: the whole loop on real data, with a report.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "app/commands.h"
#include "app/demo/demo_run.h"
#include "eval/margin.h"

namespace understudy {
namespace {

// A real model costs money: its price is shown, and somebody says yes.
Status confirm_price(const DemoOptions& options) {
  if (options.upstream.empty() && options.model.empty()) return Status();
  if (options.upstream.empty())
    return Error{ErrorCode::invalid_argument, "a model needs the upstream that has it", "--upstream",
                 "Without --upstream and --model a stand-in answers"};
  if (options.model.empty()) {
    return Error{ErrorCode::invalid_argument, "an upstream needs the name of a model", "--model",
                 "Give the model as the upstream names it"};
  }
  ASSIGN_OR_RETURN(const std::string price, price_of_demo(options));
  fmt::print(stderr, "{}\n", price);
  if (options.yes) return Status();
  if (::isatty(STDIN_FILENO) != 1)
    return Error{ErrorCode::invalid_argument, "nobody is there to agree to the price", "", "Add --yes"};
  fmt::print(stderr, "Go on? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return Status();
  return Error{ErrorCode::cancelled, "not started", "", ""};
}

Status demo(const DemoOptions& options) {
  RETURN_IF_ERROR(confirm_price(options));
  ASSIGN_OR_RETURN(const boost::json::object report, run_demo(options));
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(report));
  } else {
    fmt::print("{}", demo_text(report));
  }
  return Status();
}

}  // namespace

void add_demo(CLI::App& app, Action& action) {
  auto options = std::make_shared<DemoOptions>();
  auto* verb = app.add_subcommand("demo", "The whole loop on sample calls, with a report");
  verb->add_option(
      "--upstream", options->upstream,
      "API of a real model (https://.../v1; its key in OPENAI_API_KEY); else a stand-in answers");
  verb->add_option("--model", options->model, "The upstream's name of the model");
  verb->add_option("--teacher-error", options->teacher_error,
                   "Share of the stand-in's answers that are wrong")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--delta", options->delta,
                   "Share of right answers that may be lost; what BANKING77 has rows to show")
      ->check(CLI::Range(0.001, kMarginNeedsReason))
      ->capture_default_str();
  verb->add_option("--seed", options->seed, "Of the order of calls, the commands and the stand-in's errors")
      ->capture_default_str();
  verb->add_option("--max-minutes", options->max_minutes, "Training gets what the calls leave of these")
      ->check(CLI::Range(1.0, 1440.0))
      ->capture_default_str();
  verb->add_option("--folder", options->folder,
                   "Where everything is kept (default: demo in UNDERSTUDY_HOME)");
  verb->add_flag("--fresh", options->fresh, "Start over");
  verb->add_flag("--yes", options->yes, "Agree to the price of --upstream");
  verb->add_flag("--json", options->json, "The report as one JSON object");
  verb->footer(
      "Ctrl-C stops it; the same command goes on. Your own ledger is not touched.\n\n"
      "Examples:\n"
      "  understudy demo\n"
      "  understudy demo --teacher-error 0.08 --folder /tmp/demo --json\n"
      "  OPENAI_API_KEY=... understudy demo --upstream https://api.openai.com/v1 --model gpt-4.1-mini");
  verb->callback([&action, options] { action = [options] { return demo(*options); }; });
}

}  // namespace understudy
