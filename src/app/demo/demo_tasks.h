// The middle of the demo: which tasks the history holds, a specialist for each, its proof, its promotion; and a bad
// specialist that must not get through.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "app/demo/demo_state.h"
#include "app/demo/reply_log.h"
#include "app/demo/traffic.h"
#include "app/mine_ledger.h"
#include "base/result.h"
#include "eval/margin.h"
#include "flywheel/curate.h"
#include "flywheel/models.h"
#include "store/store.h"

namespace understudy {

// How well mining found the calls of one kind.
struct FoundTask {
  std::string key;     // "" if no task has calls of this kind
  size_t calls = 0;    // of the task
  size_t right = 0;    // of these, calls of the kind
  size_t of_kind = 0;  // all calls of the kind
};
boost::json::object to_json(const FoundTask& found);

// The task with most calls of the kind.
FoundTask find_task_of(CallKind kind, const MinedLedger& mined, std::span<const DemoCall> calls,
                       const std::map<size_t, LoggedReply>& replies);

struct TaskStage {
  const DemoState& state;
  Store& store;
  Models& models;
  std::string name;  // "bank"
  std::string key;
  double minutes = 0;  // for training
  double delta = kDefaultMargin;
  std::vector<std::string> rungs = {};  // of the ladder; empty: all that fit into the minutes
  CurateOptions curate = {};
};

// Specialises, proves and, if the proof lets it, promotes. Prints what it does to stderr. Returns what came out, also
// "inconclusive"; a specialist that nobody could make or prove is a result too ("error").
boost::json::object specialise_and_prove(const TaskStage& stage);

// Makes a specialist of the task with a head, on a split of its own, swaps some of its answers, and has it proven.
boost::json::object plant_bad_specialist(const TaskStage& stage);

}  // namespace understudy
