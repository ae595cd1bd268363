#include "flywheel/task_calls.h"

#include <algorithm>
#include <set>

#include "flywheel/contract.h"
#include "flywheel/mine.h"
#include "store/limits.h"

namespace understudy {
namespace {

Status read_all(const Store& store, const CallFilter& filter, std::set<std::string>& seen, TaskCalls& into) {
  std::string cursor;
  do {
    ASSIGN_OR_RETURN(CallPage page, store.training_calls(filter, kMaxPageCalls, cursor));
    for (Call& call : page.calls) {
      if (seen.insert(call.id).second) into.calls.push_back(std::move(call));
    }
    cursor = page.cursor;
  } while (!cursor.empty());
  return {};
}

}  // namespace

Result<TaskCalls> calls_of_task(const Store& store, const Task& task) {
  TaskCalls found;
  std::set<std::string> seen;
  CallFilter of_incumbent, of_persons;
  of_incumbent.project = of_persons.project = task.project;
  of_incumbent.model = task.parts.model;
  of_persons.origin = Origin::person;
  RETURN_IF_ERROR(read_all(store, of_incumbent, seen, found));
  RETURN_IF_ERROR(read_all(store, of_persons, seen, found));
  std::sort(found.calls.begin(), found.calls.end(), [](const Call& a, const Call& b) {
    return std::pair(a.time_ms, a.id) < std::pair(b.time_ms, b.id);
  });

  std::set<std::string> answers;
  std::vector<std::pair<std::string, std::string>> labels;
  for (const Call& call : found.calls) {
    if (call.origin == Origin::person) continue;
    const ReadCall read = read_call(call);
    if (!match(task, call.project, read.request).matches()) continue;
    answers.insert(read.answer.value);
    ASSIGN_OR_RETURN(const std::vector<Feedback> feedback, store.feedback(call.id));
    std::string label;
    for (const Feedback& each : feedback) {
      if (!each.label.empty()) label = each.label;
    }
    if (!label.empty()) labels.emplace_back(call.id, std::move(label));
  }
  for (auto& [call, label] : labels) {
    const CallAnswer answer = read_answer_text(label);
    const bool usable = answer.kind == AnswerKind::json || answers.contains(answer.value);
    if (usable) {
      found.labels.emplace(call, std::move(label));
    } else {
      ++found.labels_ignored;
    }
  }
  return found;
}

}  // namespace understudy
