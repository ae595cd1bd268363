#include "flywheel/answer_forms.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/json.h"
#include "flywheel/canonical_json.h"
#include "grade/graders.h"

namespace understudy {
namespace {

namespace json = boost::json;

// The grader of each kind of answer.
std::string_view grader_of(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::number:
      return "number";
    case AnswerKind::json:
      return "json";
    case AnswerKind::tool_call:
      return "tool_call";
    default:
      return "exact";
  }
}

std::string tool_call_json(std::string_view value) {
  return json::serialize(
      json::object{{"name", std::string(tool_of(value))}, {"arguments", std::string(arguments_of(value))}});
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<KnownAnswer> known_answers(std::span<const DatasetRow> rows) {
  struct Votes {
    size_t by_incumbent = 0, all = 0;
  };
  std::map<std::string, std::map<std::string, Votes>> texts;
  for (const DatasetRow& row : rows) {
    Votes& votes = texts[row.value][row.target];
    votes.all += row.traffic;
    votes.by_incumbent += row.origin == Origin::incumbent ? row.traffic : 0;
  }
  std::vector<KnownAnswer> known;
  for (const auto& [value, votes] : texts) {
    const auto most = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.by_incumbent, a.second.all) < std::pair(b.second.by_incumbent, b.second.all);
    });
    known.push_back({value, most->first});
  }
  return known;
}

bool is_closed(AnswerKind kind, std::span<const DatasetRow> rows) {
  std::map<std::string_view, size_t> counts;
  for (const DatasetRow& row : rows) counts[row.value] += row.traffic;
  if (counts.size() > kMaxChoices || rows.empty()) return false;
  if (kind == AnswerKind::label) return true;
  if (kind != AnswerKind::json && kind != AnswerKind::tool_call) return false;
  const auto once =
      std::count_if(counts.begin(), counts.end(), [](const auto& count) { return count.second == 1; });
  return static_cast<double>(once) < kMaxUnseenAnswers * static_cast<double>(rows.size());
}

std::string_view tool_of(std::string_view value) { return value.substr(0, value.find('(')); }

std::string_view arguments_of(std::string_view value) {
  const size_t open = value.find('(');
  if (open == std::string_view::npos || !value.ends_with(')')) return "";
  return value.substr(open + 1, value.size() - open - 2);
}

bool keeps_form(const Contract& contract, std::string_view value, std::string_view text) {
  if (contract.answer_kind == AnswerKind::tool_call) {
    const auto arguments = parse_json(text);
    return contains(contract.answer_names, std::string(tool_of(value))) && arguments.ok() &&
           arguments->is_object() && canonical_json(*arguments) == arguments_of(value);
  }
  const CallAnswer answer = read_answer_text(text);
  if (answer.kind != contract.answer_kind || answer.value != value) return false;
  if (contract.answer_kind != AnswerKind::json) return true;
  return answer.fenced == contract.answer_fenced &&
         std::all_of(contract.answer_names.begin(), contract.answer_names.end(),
                     [&](const std::string& name) { return contains(answer.names, name); });
}

Result<bool> says_the_same(AnswerKind kind, std::string_view answer, std::string_view truth) {
  if (answer == truth) return true;
  ASSIGN_OR_RETURN(const Grader* grader, find_grader(grader_of(kind)));
  const bool is_tool = kind == AnswerKind::tool_call;
  const auto grade = is_tool ? grader->grade(tool_call_json(answer), tool_call_json(truth), {})
                             : grader->grade(answer, truth, {});
  // "12 %" and "1,000" are numbers to mining and none to the grader: equal as text or not at all.
  if (!grade.ok() && kind == AnswerKind::number) return false;
  if (!grade.ok()) return grade.error();
  return grade->right;
}

}  // namespace understudy
