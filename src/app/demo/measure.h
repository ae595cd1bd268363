// Before and after on identical calls: each was answered once by the incumbent and once through the policies.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/demo/traffic.h"
#include "eval/figures.h"
#include "eval/interval.h"
#include "eval/paired.h"

namespace understudy {

// What came back for one call.
struct DemoReply {
  std::string text;    // the answer's; "" if there is none
  bool local = false;  // a specialist answered
  double total_ms = 0;
  std::optional<double> cost_usd;  // of the ledger; unknown is empty
};

struct PairedReply {
  const DemoCall* call = nullptr;
  DemoReply before, after;  // forced to the incumbent; free
};

// Of some calls; costs and times are empty if one of theirs is unknown.
struct BeforeAfter {
  int64_t calls = 0, local = 0;
  std::optional<double> cost_before_usd, cost_after_usd;  // of a call
  Latency before_ms, after_ms;
};

struct TaskMeasure {
  CallKind kind = CallKind::bank;
  BeforeAfter traffic;
  Share incumbent_right, policy_right;  // of all the task's calls
  PairedCounts paired;
  double lower = -1, upper = 1;              // policy - incumbent: Tango, 95 % two-sided
  Share local_right, local_incumbent_right;  // of the calls answered locally
};

struct DemoMeasure {
  std::vector<TaskMeasure> tasks;
  BeforeAfter all;
  // Calls that were no task's, and how many of them were answered locally: by kind or by what was changed.
  std::map<std::string, std::pair<int64_t, int64_t>> changed, foreign, other;
};

// Answers are compared by what they say (flywheel/answer.h), not by their bytes.
DemoMeasure measure(std::span<const PairedReply> replies);

// The table, for a terminal.
std::string measure_text(const DemoMeasure& measure);
boost::json::object measure_json(const DemoMeasure& measure);

}  // namespace understudy
