#include "flywheel/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "eval/confidence_sequence.h"
#include "flywheel/answer.h"
#include "flywheel/answer_forms.h"
#include "store/limits.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr double kAlpha = 0.05;

std::string audited_call(const Call& call) {
  for (const std::string& tag : call.tags) {
    if (tag.starts_with(kAuditTag)) return tag.substr(kAuditTag.size());
  }
  return "";
}

// What people said is the right answer to either call; the last word counts.
Result<std::optional<std::string>> label_of(const Store& store, const Call& local, const Call& audit) {
  std::optional<std::string> label;
  for (const Call* call : {&local, &audit}) {
    ASSIGN_OR_RETURN(const auto feedback, store.feedback(call->id));
    for (const Feedback& each : feedback) {
      if (!each.correction.empty()) {
        label = read_answer(each.correction).value;
      } else if (!each.label.empty()) {
        label = read_answer_text(each.label).value;
      }
    }
  }
  return label;
}

bool is_right(AnswerKind kind, const CallAnswer& answer, const std::string& truth) {
  const auto right = says_the_same(kind, answer.value, truth);
  return right.ok() && *right;
}

// Audits of the task, oldest first.
Result<std::vector<Call>> audits_of(const Store& store, const Contract& contract) {
  CallFilter filter;
  filter.project = contract.task.project;
  filter.model = contract.task.parts.model;
  filter.origin = Origin::incumbent;
  std::vector<Call> audits;
  std::string cursor;
  do {
    ASSIGN_OR_RETURN(CallPage page, store.list(filter, kMaxPageCalls, cursor));
    for (Call& call : page.calls) {
      if (!audited_call(call).empty()) audits.push_back(std::move(call));
    }
    cursor = page.cursor;
  } while (!cursor.empty());
  std::reverse(audits.begin(), audits.end());
  return audits;
}

}  // namespace

Result<WatchReport> watch(const Store& store, const Contract& contract) {
  ASSIGN_OR_RETURN(const std::vector<Call> audits, audits_of(store, contract));
  const std::string key = contract.task.key();
  WatchReport report;
  ConfidenceSequence agreement(0, 1, kAlpha), difference(-1, 1, kAlpha);
  for (const Call& audit : audits) {
    const auto local = store.get(audited_call(audit));
    // Erased since, or of another task.
    if (!local.ok() || local->task != key || local->origin != Origin::local) continue;
    const CallAnswer of_local = read_answer(local->response), of_incumbent = read_answer(audit.response);
    if (of_incumbent.kind == AnswerKind::none) continue;
    const bool same = is_right(contract.answer_kind, of_local, of_incumbent.value);
    ++report.audited;
    report.agreeing += same ? 1 : 0;
    agreement.add(same ? 1 : 0);
    ASSIGN_OR_RETURN(const auto label, label_of(store, *local, audit));
    if (!label) continue;
    const int local_right = is_right(contract.answer_kind, of_local, *label) ? 1 : 0;
    const int incumbent_right = is_right(contract.answer_kind, of_incumbent, *label) ? 1 : 0;
    ++report.labelled;
    report.local_right += local_right;
    report.incumbent_right += incumbent_right;
    difference.add(local_right - incumbent_right);
  }
  report.agreement = agreement.interval();
  report.difference = difference.interval();
  return report;
}

std::string report_text(const WatchReport& report) {
  std::string text = fmt::format(
      "audited     {} local answers, of which {} are the incumbent's too: {:.1f} to {:.1f} % (95 %, at any "
      "time)\n",
      report.audited, report.agreeing, 100 * report.agreement.low, 100 * report.agreement.high);
  text += fmt::format(
      "labelled    {} of these: local {} right, incumbent {}; local - incumbent {:+.1f} to {:+.1f} points "
      "(95 %, at any "
      "time)\n",
      report.labelled, report.local_right, report.incumbent_right, 100 * report.difference.low,
      100 * report.difference.high);
  return text;
}

json::object to_json(const WatchReport& report) {
  return {{"audited", report.audited},
          {"agreeing", report.agreeing},
          {"agreement", {{"low", report.agreement.low}, {"high", report.agreement.high}}},
          {"labelled", report.labelled},
          {"local_right", report.local_right},
          {"incumbent_right", report.incumbent_right},
          {"difference", {{"low", report.difference.low}, {"high", report.difference.high}}}};
}

}  // namespace understudy
