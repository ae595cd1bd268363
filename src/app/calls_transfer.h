// Calls from files into the ledger and back.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace understudy {

struct ImportOptions {
  std::string file;
  std::string format;   // "" finds the form of each row
  std::string project;  // of rows that name none
  bool skip_broken = false;
};

struct ImportCount {
  int64_t imported = 0, already_there = 0, broken = 0;
  int64_t other_rows = 0;    // that are no calls of a model
  std::string first_broken;  // what is wrong with the first broken row
};

// Without skip_broken a regular file is read twice, so that a broken row leaves the ledger as it was. Rows without a
// time get the time of the import, answers of the incumbent without a cost the one of its list price.
Result<ImportCount> import_calls(Store& store, const ImportOptions& options);

struct ExportCount {
  int64_t exported = 0;
  std::map<std::string, int64_t> left_out;  // by reason
};

// Writes the calls as lines of that form to `path` (created 0600), or to standard output if it is "". The form for
// fine-tuning leaves out what a person answered better.
Result<ExportCount> export_calls(const Store& store, const CallFilter& filter, const std::string& format,
                                 const std::string& path);

}  // namespace understudy
