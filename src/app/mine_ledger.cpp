#include "app/mine_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "flywheel/task_files.h"
#include "store/limits.h"

namespace understudy {
namespace {

// The newest calls, oldest first.
Result<std::vector<Call>> calls_to_mine(const Store& store, const MineOptions& options) {
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

}  // namespace

Result<MinedLedger> mine_ledger(Store& store, const std::string& home, const MineOptions& options) {
  const std::string folder = home + "/tasks";
  ASSIGN_OR_RETURN(const std::vector<TaskRecord> records, read_tasks(folder));
  MinedLedger mined;
  ASSIGN_OR_RETURN(mined.calls, calls_to_mine(store, options));
  if (mined.calls.empty()) {
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
  for (const Call& call : mined.calls) read.push_back(read_call(call));
  mined.mining = mine(mined.calls, read, known);
  ASSIGN_OR_RETURN(mined.added, keep(store, folder, records, mined.mining, mined.calls));
  mined.figures = scan_figures(mined.mining, mined.calls, read, mined.assumptions);
  return mined;
}

}  // namespace understudy
