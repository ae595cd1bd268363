#include "flywheel/policy_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "eval/proportion.h"
#include "flywheel/answer.h"
#include "flywheel/answer_forms.h"

namespace understudy {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr size_t kMaxSliceValues = 100;
constexpr size_t kMaxSliceBytes = 60;

std::string short_text(std::string_view text) { return std::string(text.substr(0, kMaxSliceBytes)); }

// Slices of each row, by the right answer: a member of objects is one if it has few values.
std::vector<std::vector<std::string>> slices_of(const Contract& contract, std::span<const DatasetRow> rows) {
  std::vector<std::vector<std::string>> slices(rows.size());
  std::map<std::string, std::set<std::string>> values;  // by member
  std::vector<std::vector<std::pair<std::string, std::string>>> members(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!contract.task.project.empty()) slices[i].push_back("project=" + contract.task.project);
    if (contract.answer_kind == AnswerKind::label) slices[i].push_back("answer=" + short_text(rows[i].value));
    if (contract.answer_kind == AnswerKind::tool_call)
      slices[i].push_back("tool=" + short_text(tool_of(rows[i].value)));
    if (contract.answer_kind != AnswerKind::json) continue;
    for (const std::string& feature : read_answer_text(rows[i].value).features) {
      const size_t at = feature.find('=');
      members[i].emplace_back(feature.substr(0, at), short_text(feature.substr(at + 1)));
      values[members[i].back().first].insert(members[i].back().second);
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [name, value] : members[i]) {
      const bool is_slice = values[name].size() <= kMaxSliceValues && values[name].size() * 4 <= rows.size();
      if (is_slice) slices[i].push_back(name + '=' + value);
    }
  }
  return slices;
}

// Inputs that a specialist cannot take are no failure of it: such calls go up.
bool is_of_the_input(const Error& error) {
  return error.code == ErrorCode::context_overflow || error.code == ErrorCode::invalid_argument;
}

Status grade(const Contract& contract, const DatasetRow& row, Truth truth, const SpecialistAnswer& answer,
             PolicyRow& graded) {
  const AnswerKind kind = contract.answer_kind;
  // What the incumbent said need not have the task's form where a person corrected it.
  const auto same = says_the_same(kind, answer.value, row.incumbent);
  graded.same_answer = same.ok() && *same;
  if (truth == Truth::agreement) {
    graded.specialist_right = graded.same_answer;
    graded.incumbent_right = true;
    return {};
  }
  ASSIGN_OR_RETURN(graded.specialist_right, says_the_same(kind, answer.value, row.value));
  ASSIGN_OR_RETURN(graded.incumbent_right, says_the_same(kind, row.incumbent, row.value));
  return {};
}

}  // namespace

Truth truth_of(std::span<const DatasetRow> rows) {
  const auto labelled = std::count_if(rows.begin(), rows.end(),
                                      [](const DatasetRow& row) { return row.origin == Origin::person; });
  return !rows.empty() && static_cast<size_t>(labelled) * 2 >= rows.size() ? Truth::labels : Truth::agreement;
}

std::vector<DatasetRow> rows_that_count(std::span<const DatasetRow> rows, Truth truth) {
  std::vector<DatasetRow> counting;
  for (const DatasetRow& row : rows) {
    if (row.incumbent.empty() || (truth == Truth::labels && row.origin != Origin::person)) continue;
    counting.push_back(row);
  }
  return counting;
}

Result<std::vector<PolicyRow>> policy_rows(Specialist& specialist, const Contract& contract,
                                           std::span<const DatasetRow> rows,
                                           const PolicyRowOptions& options) {
  std::vector<std::vector<std::string>> slices = slices_of(contract, rows);
  std::vector<PolicyRow> graded;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (options.cancelled != nullptr && *options.cancelled)
      return Error{ErrorCode::cancelled, "stopped", "", "Run the same command again to go on"};
    const DatasetRow& row = rows[i];
    const std::vector<std::string_view> slots(row.slots.begin(), row.slots.end());
    auto answered = specialist.answer(slots);
    if (!answered.ok() && !is_of_the_input(answered.error())) return answered.error();
    SpecialistAnswer answer;
    answer.in_domain = false;
    if (answered.ok()) answer = std::move(*answered);

    PolicyRow& made = graded.emplace_back();
    made.id = row.call_id;
    made.group = row.group;
    made.calls = static_cast<double>(row.traffic);
    made.slices = std::move(slices[i]);
    made.matched = answer.in_domain;
    made.confidence = answer.well_formed ? std::clamp(answer.confidence, 0.0, 1.0) : 0;
    made.well_formed = !answer.in_domain || keeps_form(contract, answer.value, answer.text);
    made.distance = answer.distance;
    RETURN_IF_ERROR(grade(contract, row, options.truth, answer, made));
    if (answered.ok()) {
      made.specialist_ms = answer.total_ms;
      if (options.usd_per_cpu_hour)
        made.specialist_cost = answer.cpu_seconds / kSecondsPerHour * *options.usd_per_cpu_hour;
    }
    if (options.incumbent) {
      const IncumbentFigures figures = options.incumbent(row.call_id);
      made.incumbent_ms = figures.total_ms;
      made.incumbent_cost = figures.cost_usd;
    }
    if (options.on_rows) options.on_rows(i + 1);
  }
  return graded;
}

Share standalone_right(std::span<const PolicyRow> rows) {
  int64_t right = 0, n = 0;
  for (const PolicyRow& row : rows) {
    if (!row.specialist_right) continue;
    ++n;
    right += *row.specialist_right ? 1 : 0;
  }
  return share(right, n);
}

}  // namespace understudy
