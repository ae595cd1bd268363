// The one opening of a task's sealed rows: the chosen specialist runs on each of them, and the gate (eval/gate.h) says
// whether it may take over.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/result.h"
#include "eval/gate.h"
#include "flywheel/models.h"
#include "flywheel/specialise.h"
#include "store/store.h"

namespace understudy {

struct ProveRequest {
  std::string home;
  std::string task;                               // key, or its beginning
  std::optional<double> usd_per_cpu_hour = 0.05;  // what local answers and training cost; empty: unknown
  double audit_share = 0.05;
  OnProgress on_progress;
  const std::atomic<bool>* cancelled = nullptr;  // looked at until the seal is opened
};

struct ProveReport {
  Proof proof;
  std::string folder;                   // of the specialist, inside home
  std::string proof_path, report_path;  // proof.json and report.html beside it
};

// Proves what the last specialise() of the task chose. Errors leave the seal whole unless they say that it is spent:
// not_found (nothing was specialised, nothing chosen), forbidden (the rows were opened before), corrupt (a file is not the
// one of the manifest), cancelled.
Result<ProveReport> prove_task(const ProveRequest& request, const Store& store, Models& models);

}  // namespace understudy
