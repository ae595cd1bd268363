#include "flywheel/scan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "eval/margin.h"

namespace understudy {
namespace {

constexpr size_t kMinTrainingRows = 200, kRowsPerAnswer = 10;

// What each call weighs in shares of spend. Calls that were not answered cost nothing.
struct Spend {
  SpendBasis basis = SpendBasis::calls;
  std::vector<double> weights;
  double total = 0;

  double share(double weight) const { return total > 0 ? weight / total : 0; }
};

Spend spend_of(std::span<const Call> calls, std::span<const ReadCall> read) {
  bool costs = true, tokens = true;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (read[i].answer.kind == AnswerKind::none) continue;
    costs = costs && calls[i].cost_usd.has_value();
    tokens = tokens && calls[i].prompt_tokens && calls[i].completion_tokens;
  }
  Spend spend;
  spend.basis = costs ? SpendBasis::cost : tokens ? SpendBasis::tokens : SpendBasis::calls;
  for (const Call& call : calls) {
    double weight = 1;
    if (costs) weight = call.cost_usd.value_or(0);
    if (!costs && tokens) {
      weight = static_cast<double>(call.prompt_tokens.value_or(0) + call.completion_tokens.value_or(0));
    }
    spend.weights.push_back(weight);
    spend.total += weight;
  }
  if (spend.total > 0 || calls.empty()) return spend;
  return {SpendBasis::calls, std::vector<double>(calls.size(), 1), static_cast<double>(calls.size())};
}

std::optional<double> sum_of_costs(std::span<const Call> calls, const std::vector<size_t>& members) {
  double sum = 0;
  for (const size_t call : members) {
    if (!calls[call].cost_usd) return std::nullopt;
    sum += *calls[call].cost_usd;
  }
  return sum;
}

TaskFigures figures_of(size_t task, const std::vector<size_t>& members, std::span<const Call> calls,
                       std::span<const ReadCall> read, const ScanAssumptions& assumptions) {
  TaskFigures figures;
  figures.task = task;
  figures.calls = members.size();
  figures.cost_usd = sum_of_costs(calls, members);
  std::vector<const CallAnswer*> answers;
  for (const size_t call : members) answers.push_back(&read[call].answer);
  figures.answers = profile_of(answers);
  std::set<std::vector<std::string>> prompts, usable;
  for (const size_t call : members) {
    prompts.insert(read[call].request.texts);
    if (in_form(read[call].answer, figures.answers)) usable.insert(read[call].request.texts);
  }
  figures.distinct_prompts = prompts.size();
  figures.duplicate_share = 1 - static_cast<double>(prompts.size()) / static_cast<double>(members.size());
  figures.rows = usable.size();
  figures.sealed_rows_needed =
      static_cast<size_t>(sealed_rows_needed(assumptions.discordant_share, assumptions.margin));
  const bool is_label = figures.answers.kind == AnswerKind::label;
  figures.training_rows_needed =
      std::max(kMinTrainingRows, is_label ? kRowsPerAnswer * figures.answers.distinct : 0);
  const size_t needed = figures.sealed_rows_needed + figures.training_rows_needed;
  figures.rows_missing = needed > figures.rows ? needed - figures.rows : 0;
  if (figures.cost_usd && *figures.cost_usd > 0) {
    const double saved =
        *figures.cost_usd / static_cast<double>(members.size()) * (1 - assumptions.audit_share);
    figures.break_even_calls =
        std::ceil(assumptions.training_cpu_minutes / 60 * assumptions.cpu_hour_usd / saved);
  }
  return figures;
}

template <typename T>
void by_spend(std::vector<T>& figures) {
  std::stable_sort(figures.begin(), figures.end(),
                   [](const T& a, const T& b) { return a.spend_share > b.spend_share; });
}

}  // namespace

std::string_view name_of(SpendBasis basis) {
  switch (basis) {
    case SpendBasis::cost:
      return "cost";
    case SpendBasis::tokens:
      return "tokens";
    case SpendBasis::calls:
      return "calls";
  }
  return "";
}

ScanFigures scan_figures(const Mining& mining, std::span<const Call> calls, std::span<const ReadCall> read,
                         const ScanAssumptions& assumptions) {
  ScanFigures scan;
  scan.calls = calls.size();
  const Spend spend = spend_of(calls, read);
  scan.basis = spend.basis;
  std::vector<std::vector<size_t>> members(mining.tasks.size());
  std::vector<StayFigures> stays;
  for (const Stays reason : kAllStays) stays.push_back({reason, 0, 0});
  std::vector<double> weights(mining.tasks.size());
  std::vector<size_t> answered;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (read[i].answer.kind != AnswerKind::none) answered.push_back(i);
    const Placement& placement = mining.placements[i];
    if (placement.task) {
      members[*placement.task].push_back(i);
      weights[*placement.task] += spend.weights[i];
      continue;
    }
    const auto figures = std::find_if(
        stays.begin(), stays.end(), [&](const StayFigures& each) { return each.reason == placement.stays; });
    ++figures->calls;
    figures->spend_share += spend.share(spend.weights[i]);
  }
  scan.cost_usd = answered.empty() ? std::nullopt : sum_of_costs(calls, answered);
  for (size_t task = 0; task < members.size(); ++task) {
    if (members[task].empty()) continue;
    TaskFigures figures = figures_of(task, members[task], calls, read, assumptions);
    figures.spend_share = spend.share(weights[task]);
    if (figures.movable()) {
      scan.movable_share += figures.spend_share;
      scan.movable_calls_share += static_cast<double>(figures.calls) / static_cast<double>(calls.size());
    }
    scan.tasks.push_back(std::move(figures));
  }
  for (const StayFigures& each : stays) {
    if (each.calls > 0) scan.stays.push_back(each);
  }
  by_spend(scan.tasks);
  by_spend(scan.stays);
  return scan;
}

}  // namespace understudy
