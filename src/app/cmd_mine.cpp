// understudy mine: the tasks among the calls of the ledger.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "app/mine_ledger.h"
#include "app/scan_report.h"

namespace understudy {
namespace {

struct Options {
  MineOptions mine;
  bool json = false;
};

Status mine_calls(const Options& options) {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const MinedLedger mined, mine_ledger(*store, home, options.mine));
  if (options.json) {
    boost::json::object report = scan_json(mined.figures, mined.mining, mined.assumptions);
    report["new_tasks"] = mined.added;
    fmt::print("{}\n", boost::json::serialize(report));
  } else {
    fmt::print("{}\n{} new task{}. See: understudy tasks ls\n",
               scan_table(mined.figures, mined.mining, mined.assumptions), mined.added,
               mined.added == 1 ? "" : "s");
  }
  return Status();
}

}  // namespace

void add_mine(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("mine", "Find the tasks among the calls of the ledger");
  verb->add_option("--project", options->mine.project, "Calls of this project only");
  verb->add_option("--limit", options->mine.limit, "Newest calls that are looked at")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  verb->add_flag("--again", options->mine.again, "Look at all calls, also at those that have a task");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Calls that have a task are left alone; the others are compared with the tasks that are known, and "
      "what is left\n"
      "is mined. --again starts afresh, which joins tasks that looked different when there were fewer "
      "calls.\n\n"
      "Examples:\n"
      "  understudy calls import calls.jsonl && understudy mine\n"
      "  understudy mine --project support --json");
  verb->callback([&action, options] { action = [options] { return mine_calls(*options); }; });
}

}  // namespace understudy
