// The options by which the verbs of the ledger choose calls.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace understudy {

struct CallFilterOptions {
  std::optional<std::string> project, task, model, origin, session, tag, since, until;
  std::optional<int> status;
};

// --project, --task, --model, --origin, --session, --tag, --status, --since, --until.
void add_filter_options(CLI::App* verb, CallFilterOptions& options);

// Error{invalid_argument} naming the option whose value cannot be read.
Result<CallFilter> filter_of(const CallFilterOptions& options);

// Opens the ledger at ledger_path() (app/home.h).
Result<std::unique_ptr<Store>> open_ledger_of_user();

}  // namespace understudy
