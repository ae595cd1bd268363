#include "app/demo/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "eval/proportion.h"
#include "flywheel/answer.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr double kLevel = 0.975;  // one-sided: both bounds together 95 %

bool is_right(const DemoReply& reply, const DemoCall& call) {
  return !reply.text.empty() && read_answer_text(reply.text).value == read_answer_text(call.truth).value;
}

// Nearest rank.
Latency latency_of(std::vector<double> ms) {
  if (ms.empty()) return {};
  std::sort(ms.begin(), ms.end());
  const auto rank = [&](double share) {
    return ms[static_cast<size_t>(std::ceil(share * static_cast<double>(ms.size()))) - 1];
  };
  return {static_cast<int64_t>(ms.size()), rank(0.5), rank(0.95)};
}

BeforeAfter before_after(std::span<const PairedReply* const> replies) {
  BeforeAfter traffic;
  std::vector<double> before, after;
  double cost_before = 0, cost_after = 0;
  bool before_known = !replies.empty(), after_known = before_known;
  for (const PairedReply* reply : replies) {
    ++traffic.calls;
    traffic.local += reply->after.local ? 1 : 0;
    before.push_back(reply->before.total_ms);
    after.push_back(reply->after.total_ms);
    before_known = before_known && reply->before.cost_usd.has_value();
    after_known = after_known && reply->after.cost_usd.has_value();
    cost_before += reply->before.cost_usd.value_or(0);
    cost_after += reply->after.cost_usd.value_or(0);
  }
  const auto n = static_cast<double>(traffic.calls);
  if (before_known) traffic.cost_before_usd = cost_before / n;
  if (after_known) traffic.cost_after_usd = cost_after / n;
  traffic.before_ms = latency_of(std::move(before));
  traffic.after_ms = latency_of(std::move(after));
  return traffic;
}

TaskMeasure measure_task(CallKind kind, std::span<const PairedReply* const> replies) {
  TaskMeasure task;
  task.kind = kind;
  task.traffic = before_after(replies);
  int64_t incumbent = 0, policy = 0, local = 0, local_policy = 0, local_incumbent = 0;
  for (const PairedReply* reply : replies) {
    const bool was = is_right(reply->before, *reply->call), is = is_right(reply->after, *reply->call);
    incumbent += was ? 1 : 0;
    policy += is ? 1 : 0;
    task.paired.gains += is && !was ? 1 : 0;
    task.paired.losses += was && !is ? 1 : 0;
    if (!reply->after.local) continue;
    ++local;
    local_policy += is ? 1 : 0;
    local_incumbent += was ? 1 : 0;
  }
  const int64_t n = task.traffic.calls;
  task.paired.n = n;
  task.incumbent_right = share(incumbent, n);
  task.policy_right = share(policy, n);
  task.local_right = share(local_policy, local);
  task.local_incumbent_right = share(local_incumbent, local);
  task.lower = tango_lower(task.paired, kLevel);
  task.upper = tango_upper(task.paired, kLevel);
  return task;
}

std::string percent(const Share& share) {
  if (share.n == 0) return "none";
  return fmt::format("{:.1f} % ({:.1f} to {:.1f}, n {})", 100 * share.value, 100 * share.interval.low,
                     100 * share.interval.high, share.n);
}

std::string of(int64_t part, int64_t all) {
  const double value = all > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(all) : 0;
  return fmt::format("{:.1f} % ({} of {})", value, part, all);
}

std::string per_thousand(const std::optional<double>& cost) {
  return cost ? fmt::format("${:.3f}", 1000 * *cost) : "unknown";
}

std::string traffic_lines(const BeforeAfter& traffic) {
  return fmt::format(
      "  cost of 1,000 calls    {} before, {} after\n"
      "  time of a call         p50 {:.0f} ms, p95 {:.0f} ms before; p50 {:.0f} ms, p95 {:.0f} ms after\n",
      per_thousand(traffic.cost_before_usd), per_thousand(traffic.cost_after_usd), traffic.before_ms.p50_ms,
      traffic.before_ms.p95_ms, traffic.after_ms.p50_ms, traffic.after_ms.p95_ms);
}

std::string counts_line(std::string_view title,
                        const std::map<std::string, std::pair<int64_t, int64_t>>& counts) {
  int64_t calls = 0, local = 0;
  std::string which;
  for (const auto& [name, count] : counts) {
    calls += count.first;
    local += count.second;
    which += fmt::format("{}{} {}/{}", which.empty() ? "" : ", ", name, count.second, count.first);
  }
  return fmt::format("{}: {} of {} answered locally ({})\n", title, local, calls, which);
}

json::value or_null(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value();
}

json::object share_json(const Share& share) {
  return {{"hits", share.hits}, {"n", share.n}, {"low", share.interval.low}, {"high", share.interval.high}};
}

json::object traffic_json(const BeforeAfter& traffic) {
  const auto latency = [](const Latency& l) {
    return json::object{{"p50_ms", l.p50_ms}, {"p95_ms", l.p95_ms}};
  };
  return {{"calls", traffic.calls},
          {"answered_locally", traffic.local},
          {"cost_before_usd", or_null(traffic.cost_before_usd)},
          {"cost_after_usd", or_null(traffic.cost_after_usd)},
          {"before", latency(traffic.before_ms)},
          {"after", latency(traffic.after_ms)}};
}

json::object counts_json(const std::map<std::string, std::pair<int64_t, int64_t>>& counts) {
  json::object object;
  for (const auto& [name, count] : counts)
    object[name] = {{"calls", count.first}, {"answered_locally", count.second}};
  return object;
}

}  // namespace

DemoMeasure measure(std::span<const PairedReply> replies) {
  DemoMeasure measured;
  std::map<CallKind, std::vector<const PairedReply*>> by_kind;
  std::vector<const PairedReply*> all;
  for (const PairedReply& reply : replies) {
    all.push_back(&reply);
    by_kind[reply.call->kind].push_back(&reply);
    const CallKind kind = reply.call->kind;
    if (kind == CallKind::bank || kind == CallKind::home) continue;
    auto& counts = kind == CallKind::changed   ? measured.changed
                   : kind == CallKind::foreign ? measured.foreign
                                               : measured.other;
    auto& [calls, local] = counts[kind == CallKind::other ? "open-ended" : reply.call->change];
    ++calls;
    local += reply.after.local ? 1 : 0;
  }
  for (const CallKind kind : {CallKind::bank, CallKind::home}) {
    if (by_kind.contains(kind)) measured.tasks.push_back(measure_task(kind, by_kind[kind]));
  }
  measured.all = before_after(all);
  return measured;
}

std::string measure_text(const DemoMeasure& measure) {
  std::string text;
  for (const TaskMeasure& task : measure.tasks) {
    text += fmt::format(
        "{}: {} calls, each answered both ways\n"
        "  moved down             {} of the task's calls\n"
        "  right, incumbent       {}\n"
        "  right, policy          {}\n"
        "  policy - incumbent     {:+.1f} points ({:+.1f} to {:+.1f}, paired), {} gained, {} lost\n"
        "  right where local      {}; the incumbent there {}\n",
        name_of(task.kind), task.traffic.calls, of(task.traffic.local, task.traffic.calls),
        percent(task.incumbent_right), percent(task.policy_right), 100 * task.paired.difference(),
        100 * task.lower, 100 * task.upper, task.paired.gains, task.paired.losses, percent(task.local_right),
        percent(task.local_incumbent_right));
    text += traffic_lines(task.traffic) + '\n';
  }
  text += fmt::format("all traffic: {} calls\n  moved down             {} of all calls\n", measure.all.calls,
                      of(measure.all.local, measure.all.calls));
  text += traffic_lines(measure.all) + '\n';
  text += counts_line("changed contracts (must be 0)", measure.changed);
  text += counts_line("foreign questions in a task's own prompt", measure.foreign);
  text += counts_line("other traffic (must be 0)", measure.other);
  return text;
}

json::object measure_json(const DemoMeasure& measure) {
  json::array tasks;
  for (const TaskMeasure& task : measure.tasks) {
    json::object object = traffic_json(task.traffic);
    object["task"] = name_of(task.kind);
    object["incumbent_right"] = share_json(task.incumbent_right);
    object["policy_right"] = share_json(task.policy_right);
    object["gains"] = task.paired.gains;
    object["losses"] = task.paired.losses;
    object["difference_low"] = task.lower;
    object["difference_high"] = task.upper;
    object["local_right"] = share_json(task.local_right);
    object["local_incumbent_right"] = share_json(task.local_incumbent_right);
    tasks.push_back(std::move(object));
  }
  return {{"tasks", std::move(tasks)},
          {"all", traffic_json(measure.all)},
          {"changed", counts_json(measure.changed)},
          {"foreign", counts_json(measure.foreign)},
          {"other", counts_json(measure.other)}};
}

}  // namespace understudy
