// Mining the ledger: the tasks among its calls, kept as files and in the ledger.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "flywheel/mine.h"
#include "flywheel/scan.h"
#include "store/store.h"

namespace understudy {

struct MineOptions {
  std::optional<std::string> project;
  size_t limit = 50'000;  // newest calls that are looked at
  bool again = false;     // also those that have a task
};

struct MinedLedger {
  std::vector<Call> calls;  // oldest first
  Mining mining;
  ScanFigures figures;
  ScanAssumptions assumptions;
  size_t added = 0;  // tasks that were not known
};

// Tasks are in HOME/tasks. Errors: not_found if there are no calls to look at, those of the store and of the files.
Result<MinedLedger> mine_ledger(Store& store, const std::string& home, const MineOptions& options);

}  // namespace understudy
