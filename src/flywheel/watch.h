// What audits say of a promoted policy (P11): local answers that the incumbent gave too, once the client had its answer.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "eval/interval.h"
#include "flywheel/task.h"
#include "store/store.h"

namespace understudy {

// The tag of an audit's call, in front of the id of the call that was answered locally.
inline constexpr std::string_view kAuditTag = "audit_of:";

// Intervals hold at 95 % at all times at once: look as often as you like, and stop when you like.
struct WatchReport {
  int64_t audited = 0, agreeing = 0;
  Interval agreement{0, 1};  // share of local answers that are the incumbent's
  // Of the audited calls that a person labelled: right answers, and local - incumbent.
  int64_t labelled = 0, local_right = 0, incumbent_right = 0;
  Interval difference{-1, 1};
};

// Of all audits of the contract's task so far, in the order of time.
Result<WatchReport> watch(const Store& store, const Contract& contract);

std::string report_text(const WatchReport& report);
boost::json::object to_json(const WatchReport& report);

}  // namespace understudy
