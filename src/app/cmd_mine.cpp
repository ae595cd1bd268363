// understudy mine: the tasks among the calls of the ledger.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "app/scan_report.h"
#include "flywheel/task_files.h"
#include "store/limits.h"

namespace understudy {
namespace {

struct Options {
  std::optional<std::string> project;
  size_t limit = 50'000;
  bool again = false;
  bool json = false;
};

// The newest calls, oldest first.
Result<std::vector<Call>> calls_to_mine(const Store& store, const Options& options) {
  CallFilter filter;
  filter.project = options.project;
  filter.origin = Origin::incumbent;
  if (!options.again) filter.task = "";
  std::vector<Call> calls;
  std::string cursor;
  do {
    const size_t left = options.limit - calls.size();
    const auto page_size = static_cast<int>(std::min<size_t>(left, kMaxPageCalls));
    ASSIGN_OR_RETURN(CallPage page, store.list(filter, page_size, cursor));
    std::move(page.calls.begin(), page.calls.end(), std::back_inserter(calls));
    cursor = page.cursor;
    fmt::print(stderr, "read {} calls\n", calls.size());
  } while (!cursor.empty() && calls.size() < options.limit);
  std::reverse(calls.begin(), calls.end());
  return calls;
}

// Writes new tasks, then which calls belong to which: a task without calls does no harm.
Result<size_t> keep(Store& store, const std::string& folder, const std::vector<TaskRecord>& records,
                    const Mining& mining, const std::vector<Call>& calls) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::map<size_t, std::vector<std::string>> members;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (mining.placements[i].task) members[*mining.placements[i].task].push_back(calls[i].id);
  }
  size_t added = 0;
  for (const auto& [task, ids] : members) {
    const std::string key = mining.tasks[task].key();
    const bool is_known = std::any_of(records.begin(), records.end(),
                                      [&](const TaskRecord& record) { return record.task.key() == key; });
    if (!is_known) RETURN_IF_ERROR(write_task({mining.tasks[task], now.count()}, folder));
    added += is_known ? 0 : 1;
    RETURN_IF_ERROR(store.set_task(ids, key));
  }
  return added;
}

Status mine_ledger(const Options& options) {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  const std::string folder = home + "/tasks";
  ASSIGN_OR_RETURN(const std::vector<TaskRecord> records, read_tasks(folder));
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const std::vector<Call> calls, calls_to_mine(*store, options));
  if (calls.empty()) {
    return Error{
        ErrorCode::not_found,
        options.again ? "there are no calls in the ledger" : "there are no calls without a task", "",
        "Record calls with understudy serve --upstream URL, or import them with understudy calls import"};
  }
  std::vector<Task> known;
  for (const TaskRecord& record : records) {
    if (!options.again) known.push_back(record.task);
  }
  std::vector<ReadCall> read;
  for (const Call& call : calls) read.push_back(read_call(call));
  const Mining mining = mine(calls, read, known);
  ASSIGN_OR_RETURN(const size_t added, keep(*store, folder, records, mining, calls));
  const ScanAssumptions assumptions;
  const ScanFigures figures = scan_figures(mining, calls, read, assumptions);
  if (options.json) {
    boost::json::object report = scan_json(figures, mining, assumptions);
    report["new_tasks"] = added;
    fmt::print("{}\n", boost::json::serialize(report));
  } else {
    fmt::print("{}\n{} new task{}. See: understudy tasks ls\n", scan_table(figures, mining, assumptions),
               added, added == 1 ? "" : "s");
  }
  return Status();
}

}  // namespace

void add_mine(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("mine", "Find the tasks among the calls of the ledger");
  verb->add_option("--project", options->project, "Calls of this project only");
  verb->add_option("--limit", options->limit, "Newest calls that are looked at")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  verb->add_flag("--again", options->again, "Look at all calls, also at those that have a task");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Calls that have a task are left alone; the others are compared with the tasks that are known, and "
      "what is left\n"
      "is mined. --again starts afresh, which joins tasks that looked different when there were fewer "
      "calls.\n\n"
      "Examples:\n"
      "  understudy calls import calls.jsonl && understudy mine\n"
      "  understudy mine --project support --json");
  verb->callback([&action, options] { action = [options] { return mine_ledger(*options); }; });
}

}  // namespace understudy
