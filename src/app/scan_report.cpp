#include "app/scan_report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kShownKey = 12;

std::string dollars(std::optional<double> cost) { return cost ? fmt::format("${:.2f}", *cost) : "-"; }

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string answers_of(const AnswerProfile& answers) {
  if (!answers.verifiable()) return "free text";
  std::string form = answers.form();
  if (form.size() > 22) form = form.substr(0, 19) + "...";
  return fmt::format("{}, {} different", form, answers.distinct);
}

std::string task_line(const TaskFigures& task, const Task& mined) {
  const std::string needed = !task.movable()          ? "stays"
                             : task.rows_missing == 0 ? "none"
                                                      : std::to_string(task.rows_missing);
  return fmt::format(
      "{:<12}  {:>7}  {:>7}  {:>9}  {:<36}  {:>4.1f} bit  {:>6}  {:>6}  {:>7}  {:>9}  {}\n",
      mined.key().substr(0, kShownKey), percent(task.spend_share), task.calls, dollars(task.cost_usd),
      answers_of(task.answers), task.answers.entropy_bits, percent(task.duplicate_share), task.rows, needed,
      task.movable() && task.break_even_calls ? fmt::format("{:.0f}", *task.break_even_calls) : "-",
      mined.title());
}

json::object assumptions_json(const ScanAssumptions& assumptions) {
  return {{"discordant_share", assumptions.discordant_share},
          {"margin", assumptions.margin},
          {"audit_share", assumptions.audit_share},
          {"training_cpu_minutes", assumptions.training_cpu_minutes},
          {"cpu_hour_usd", assumptions.cpu_hour_usd}};
}

json::value number_or_null(std::optional<double> value) {
  return value ? json::value(*value) : json::value();
}

json::object task_json(const TaskFigures& task, const Task& mined) {
  json::array commonest, slots;
  for (const auto& [value, count] : task.answers.commonest)
    commonest.push_back({{"answer", value}, {"calls", count}});
  for (const Slot& slot : mined.slots)
    slots.push_back({{"name", slot.name}, {"closed", !slot.values.empty()}});
  return {{"task", mined.key()},
          {"title", mined.title()},
          {"project", mined.project},
          {"model", mined.parts.model},
          {"slots", std::move(slots)},
          {"calls", task.calls},
          {"spend_share", task.spend_share},
          {"cost_usd", number_or_null(task.cost_usd)},
          {"movable", task.movable()},
          {"answer_form", task.answers.form()},
          {"distinct_answers", task.answers.distinct},
          {"entropy_bits", task.answers.entropy_bits},
          {"answers", std::move(commonest)},
          {"distinct_prompts", task.distinct_prompts},
          {"duplicate_share", task.duplicate_share},
          {"rows", task.rows},
          {"sealed_rows_needed", task.sealed_rows_needed},
          {"training_rows_needed", task.training_rows_needed},
          {"rows_missing", task.rows_missing},
          {"break_even_calls", number_or_null(task.break_even_calls)}};
}

}  // namespace

std::string scan_table(const ScanFigures& scan, const Mining& mining, const ScanAssumptions& assumptions) {
  const std::string of = fmt::format("of {}", scan.basis == SpendBasis::cost ? "spend" : name_of(scan.basis));
  std::string text = fmt::format("{} calls", scan.calls);
  if (scan.cost_usd) text += fmt::format(", {}", dollars(scan.cost_usd));
  if (scan.basis != SpendBasis::cost) text += fmt::format(" (costs are not known: shares are {})", of);
  text += scan.movable_share > 0
              ? fmt::format("\nAt most {} {} could move ({} of calls).\n", percent(scan.movable_share), of,
                            percent(scan.movable_calls_share))
              : "\nNothing could move: no task with answers that can be compared was found.\n";
  if (!scan.tasks.empty()) {
    text += fmt::format("\n{:<12}  {:>7}  {:>7}  {:>9}  {:<36}  {:>8}  {:>6}  {:>6}  {:>7}  {:>9}  {}\n",
                        "TASK", "SHARE", "CALLS", "COST", "ANSWERS", "ENTROPY", "AGAIN", "ROWS", "MISSING",
                        "PAYS AT", "PROMPT");
    for (const TaskFigures& task : scan.tasks) text += task_line(task, mining.tasks[task.task]);
  }
  if (!scan.stays.empty()) text += "\nStays with the incumbent:\n";
  for (const StayFigures& each : scan.stays) {
    text += fmt::format("  {}: {} calls, {} {}\n", describe(each.reason), each.calls,
                        percent(each.spend_share), of);
  }
  if (scan.tasks.empty()) return text;
  return text +
         fmt::format(
             "\nMISSING: rows with an answer until max(200, 6.2 d / delta^2) sealed ones at d = {:.2f}, "
             "delta = {:.2f}, and those for training.\nPAYS AT: calls answered locally that pay for {:.0f} "
             "CPU-minutes of training at ${:.2f} an hour, {:.0f} % of them audited.\n",
             assumptions.discordant_share, assumptions.margin, assumptions.training_cpu_minutes,
             assumptions.cpu_hour_usd, 100 * assumptions.audit_share);
}

json::object scan_json(const ScanFigures& scan, const Mining& mining, const ScanAssumptions& assumptions) {
  json::array tasks;
  for (const TaskFigures& task : scan.tasks) tasks.push_back(task_json(task, mining.tasks[task.task]));
  json::object stays;
  for (const StayFigures& each : scan.stays) {
    stays[name_of(each.reason)] = {{"calls", each.calls}, {"spend_share", each.spend_share}};
  }
  return {{"calls", scan.calls},
          {"cost_usd", number_or_null(scan.cost_usd)},
          {"share_of", name_of(scan.basis)},
          {"movable_share", scan.movable_share},
          {"movable_calls_share", scan.movable_calls_share},
          {"tasks", std::move(tasks)},
          {"stays", std::move(stays)},
          {"assumptions", assumptions_json(assumptions)}};
}

}  // namespace understudy
