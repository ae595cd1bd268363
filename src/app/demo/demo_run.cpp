#include "app/demo/demo_run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>

#include "app/demo/demo_calls.h"
#include "app/demo/demo_data.h"
#include "app/demo/demo_gateway.h"
#include "app/demo/demo_state.h"
#include "app/demo/demo_tasks.h"
#include "app/demo/frontier.h"
#include "app/demo/measure.h"
#include "app/home.h"
#include "app/model_store.h"
#include "app/progress.h"
#include "app/pull.h"
#include "app/scan_report.h"
#include "store/limits.h"
#include "store/prices.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr size_t kHomeCommands = 2'400;
// Calls at once. A real model limits them; the stand-in only waits.
constexpr size_t kUpstreamParallel = 16, kStandInParallel = 64;
// Of the live part, free: what is answered here shares this machine's cores, and is timed.
constexpr size_t kFreeParallel = 8;
constexpr double kMinutesAfterTraining = 7;  // proof, planted specialist, live calls
constexpr double kMinTrainingMinutes = 1;
// Benchmarks are bench/'s matter. A home's groups are its templates: fewer than its calls, and dev must have enough of them
// that P7 can choose a tau.
constexpr double kBenchmarkShare = 0.05, kHomeDevShare = 0.22;
constexpr const char* kModels[] = {"all-minilm:l6", "smollm2:135m"};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int64_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

class DemoRun {
 public:
  DemoRun(const DemoOptions& options, DemoState state) : options_(options), state_(std::move(state)) {}

  Status prepare();
  Status work();
  json::object report() const;

 private:
  void say(const std::string& what) const { fmt::print(stderr, "\n== {}\n", what); }
  Status finish(const std::string& stage, json::object result);
  double seconds() const;
  Status history();
  Status mine();
  Result<double> training_minutes();
  Status tasks();
  Status live();
  size_t up_parallel() const { return options_.upstream.empty() ? kStandInParallel : kUpstreamParallel; }
  SendPlan plan(const std::string& stage, size_t parallel) const;

  const DemoOptions& options_;
  DemoState state_;
  const Clock::time_point begin_ = Clock::now();
  const double earlier_seconds_ = state_.seconds(), earlier_cpu_seconds_ = state_.cpu_seconds();

  DemoQuestions questions_;
  DemoTraffic traffic_;
  std::unique_ptr<FrontierAnswers> answers_;
  std::unique_ptr<Frontier> frontier_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Models> models_;
  std::unique_ptr<DemoGateway> gateway_;  // destroyed first
  std::map<size_t, LoggedReply> replies_;
};

// Models that are not here are pulled.
Status check_models() {
  ASSIGN_OR_RETURN(const ModelStore store, ModelStore::open());
  for (const char* name : kModels) {
    if (store.find(name).ok()) continue;
    ASSIGN_OR_RETURN(const PullRequest request, pull_request(name, "", ""));
    ASSIGN_OR_RETURN(const Pulled pulled, pull(store, request));
  }
  return Status();
}

// By the call that was audited (P11): what the incumbent's answer to it cost. Empty: unknown.
using AuditCosts = std::map<std::string, std::optional<double>>;

Result<AuditCosts> audit_costs(const Store& store) {
  constexpr std::string_view kAuditOf = "audit_of:";
  AuditCosts costs;
  CallFilter filter;
  filter.tag = "audit";
  std::string cursor;
  do {
    ASSIGN_OR_RETURN(const CallPage page, store.list(filter, kMaxPageCalls, cursor, Bodies::leave_out));
    for (const Call& call : page.calls) {
      for (const std::string& tag : call.tags) {
        if (tag.starts_with(kAuditOf)) costs[tag.substr(kAuditOf.size())] = call.cost_usd;
      }
    }
    cursor = page.cursor;
  } while (!cursor.empty());
  return costs;
}

// With what a specialist spent in vain, and with the audit (P10).
std::optional<double> full_cost(const Call& call, const AuditCosts& audits) {
  std::optional<double> cost = call.cost_usd;
  if (cost && call.origin == Origin::incumbent && call.cpu_seconds)
    *cost += local_cost_usd(call, kUsdPerCpuHour).value_or(0);
  const auto audit = audits.find(call.id);
  if (cost && audit != audits.end()) {
    if (!audit->second) return std::nullopt;
    *cost += *audit->second;
  }
  return cost;
}

TrafficOptions traffic_options(const DemoOptions& options) {
  TrafficOptions traffic;
  traffic.model = options.model.empty() ? kStandInModel : options.model;
  traffic.seed = options.seed;
  return traffic;
}

Status DemoRun::prepare() {
  RETURN_IF_ERROR(check_models());
  ASSIGN_OR_RETURN(const DemoData data, load_demo_data());
  ASSIGN_OR_RETURN(questions_, read_questions(data, kHomeCommands, options_.seed));
  traffic_ = make_traffic(questions_, traffic_options(options_));
  std::string upstream = options_.upstream;
  if (upstream.empty()) {
    answers_ = std::make_unique<FrontierAnswers>(questions_, options_.teacher_error, options_.seed);
    ASSIGN_OR_RETURN(frontier_, Frontier::start(*answers_, {}));
    upstream = frontier_->url();
    say(fmt::format("a frontier stand-in answers at {}: {}, {:.1f} % of its answers wrong, 600 ms a call",
                    upstream, kStandInModel, 100 * options_.teacher_error));
  }
  ASSIGN_OR_RETURN(store_, Store::open(state_.path("understudy.db")));
  models_ = std::make_unique<Models>([](const std::string& name) { return find_model(name); });
  ASSIGN_OR_RETURN(gateway_, DemoGateway::start(state_.folder(), upstream, *store_, *models_));
  say(fmt::format("the gateway stands before it at {}; its home is {}", gateway_->url(), state_.folder()));
  return Status();
}

SendPlan DemoRun::plan(const std::string& stage, size_t parallel) const {
  const char* key = std::getenv("OPENAI_API_KEY");
  return {stage,           state_.folder(),
          gateway_->url(), options_.upstream.empty() || key == nullptr ? "" : key,
          parallel,        false};
}

double DemoRun::seconds() const {
  return earlier_seconds_ + std::chrono::duration<double>(Clock::now() - begin_).count();
}

// Also says how long all took up to here.
Status DemoRun::finish(const std::string& stage, json::object result) {
  RETURN_IF_ERROR(state_.finish(stage, std::move(result)));
  return state_.set_times(seconds(), earlier_cpu_seconds_ + cpu_seconds());
}

Status DemoRun::history() {
  say(fmt::format("history: {} calls, {} at once", traffic_.history.size(), up_parallel()));
  ASSIGN_OR_RETURN(replies_, send_stage(traffic_.history, plan("history", up_parallel())));
  say("feedback: people tell the right answers of the tasks' calls");
  ASSIGN_OR_RETURN(const size_t labels,
                   give_feedback(traffic_.history, replies_, plan("feedback", kFreeParallel)));
  if (state_.done("history") != nullptr) return Status();
  return finish("history", {{"calls", traffic_.history.size()}, {"labels", labels}});
}

Status DemoRun::mine() {
  if (state_.done("mine") != nullptr) return Status();
  say("mine: tasks among the calls, by structure alone");
  MineOptions options;
  options.again = true;
  ASSIGN_OR_RETURN(const MinedLedger mined, mine_ledger(*store_, state_.folder(), options));
  fmt::print(stderr, "{}", scan_table(mined.figures, mined.mining, mined.assumptions));
  json::object found;
  for (const CallKind kind : {CallKind::bank, CallKind::home}) {
    found[name_of(kind)] = to_json(find_task_of(kind, mined, traffic_.history, replies_));
  }
  found["tasks"] = mined.added;
  return finish("mine", std::move(found));
}

// What is left for the task that is trained. Decided once: a training that was cut off goes on only with the minutes with
// which it began.
Result<double> DemoRun::training_minutes() {
  if (const json::object* decided = state_.done("training"))
    return json::value_to<double>(decided->at("minutes"));
  const double minutes =
      std::max(kMinTrainingMinutes, options_.max_minutes - kMinutesAfterTraining - seconds() / 60);
  RETURN_IF_ERROR(finish("training", {{"minutes", minutes}}));
  return minutes;
}

Status DemoRun::tasks() {
  const json::object found = *state_.done("mine");
  const auto key_of = [&](CallKind kind) {
    return json::value_to<std::string>(found.at(name_of(kind)).at("task"));
  };
  for (const CallKind kind : {CallKind::bank, CallKind::home}) {
    const std::string name(name_of(kind));
    if (state_.done(name) == nullptr && !key_of(kind).empty()) {
      TaskStage stage{state_, *store_, *models_, name, key_of(kind), kMinTrainingMinutes, options_.delta};
      stage.curate.benchmark_share = kBenchmarkShare;
      if (kind == CallKind::bank) {
        stage.rungs = {"head"};  // dozens of classes: the head is as good, in seconds
      } else {
        ASSIGN_OR_RETURN(stage.minutes, training_minutes());
        stage.curate.dev_share = kHomeDevShare;
      }
      say(fmt::format("{}: specialise ({:.0f} minutes of training at most), prove, promote", name,
                      stage.minutes));
      RETURN_IF_ERROR(finish(name, specialise_and_prove(stage)));
    }
  }
  const std::string bank = key_of(CallKind::bank);
  if (state_.done("planted") == nullptr && !bank.empty()) {
    say("a planted bad specialist: some answers swapped");
    TaskStage stage{state_,         *store_, *models_, "planted", bank, kMinTrainingMinutes,
                    options_.delta, {"head"}};
    stage.curate.benchmark_share = kBenchmarkShare;
    stage.curate.seed = 1;
    json::object planted = plant_bad_specialist(stage);
    if (const json::value* why = planted.if_contains("why"))
      fmt::print(stderr, "{}\n", json::value_to<std::string>(*why));
    RETURN_IF_ERROR(finish("planted", std::move(planted)));
  }
  return Status();
}

Status DemoRun::live() {
  say(fmt::format("live: {} further calls, each sent both ways, {} at once up, {} at once free",
                  traffic_.live.size(), up_parallel(), kFreeParallel));
  SendPlan up = plan("live_up", up_parallel());
  up.force_up = true;
  ASSIGN_OR_RETURN(const auto before, send_stage(traffic_.live, up));
  ASSIGN_OR_RETURN(const auto after, send_stage(traffic_.live, plan("live_free", kFreeParallel)));
  if (state_.done("live") != nullptr) return Status();
  std::vector<PairedReply> pairs;
  ASSIGN_OR_RETURN(const auto audits, audit_costs(*store_));
  const auto reply_of = [&](const LoggedReply& logged) -> Result<DemoReply> {
    ASSIGN_OR_RETURN(const Call call, store_->get(logged.call_id));
    return DemoReply{logged.text, logged.local, logged.total_ms, full_cost(call, audits)};
  };
  std::map<std::string, size_t> reasons;
  for (size_t i = 0; i < traffic_.live.size(); ++i) {
    PairedReply pair;
    pair.call = &traffic_.live[i];
    ASSIGN_OR_RETURN(pair.before, reply_of(before.at(i)));
    ASSIGN_OR_RETURN(pair.after, reply_of(after.at(i)));
    ++reasons[after.at(i).reason];
    pairs.push_back(std::move(pair));
  }
  const DemoMeasure measured = measure(pairs);
  json::object result = measure_json(measured);
  result["text"] = measure_text(measured);
  json::object counts;
  for (const auto& [reason, count] : reasons) counts[reason] = count;
  result["reasons"] = std::move(counts);
  return finish("live", std::move(result));
}

Status DemoRun::work() {
  RETURN_IF_ERROR(history());
  RETURN_IF_ERROR(mine());
  RETURN_IF_ERROR(tasks());
  return live();
}

json::object DemoRun::report() const {
  json::object report{{"incumbent", options_.upstream.empty() ? kStandInModel : options_.model},
                      {"stand_in", options_.upstream.empty()},
                      {"folder", state_.folder()}};
  for (const char* stage : {"history", "mine", "bank", "home", "planted", "live"}) {
    if (const json::object* result = state_.done(stage)) report[stage] = *result;
  }
  report["seconds"] = state_.seconds();
  report["cpu_seconds"] = state_.cpu_seconds();
  report["peak_bytes"] = peak_bytes();
  return report;
}

}  // namespace

Result<std::string> price_of_demo(const DemoOptions& options) {
  constexpr double kBytesPerToken = 4;
  constexpr double kAnswerTokens = 20;
  ASSIGN_OR_RETURN(const DemoData data, load_demo_data());
  ASSIGN_OR_RETURN(const DemoQuestions questions, read_questions(data, kHomeCommands, options.seed));
  const DemoTraffic traffic = make_traffic(questions, traffic_options(options));
  double calls = 0, prompt = 0;
  for (const auto* part : {&traffic.history, &traffic.live}) {
    const double times = part == &traffic.live ? 2 : 1;  // at most: what a policy answers is not sent twice
    for (const DemoCall& call : *part) {
      calls += times;
      prompt += times * static_cast<double>(call.request.size()) / kBytesPerToken;
    }
  }
  const auto price = PriceTable::defaults().find(options.model);
  const std::string what = fmt::format("{:.0f} calls to {} with about {:.1f} million tokens of prompts",
                                       calls, options.model, prompt / 1e6);
  if (!price) return what + "; its price is not known";
  return fmt::format("{}: about ${:.2f} at list price", what,
                     (prompt * price->input + calls * kAnswerTokens * price->output) / 1e6);
}

Result<json::object> run_demo(const DemoOptions& options) {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  ASSIGN_OR_RETURN(DemoState state,
                   DemoState::open(options.folder.empty() ? home + "/demo" : options.folder, options));
  DemoRun run(options, std::move(state));
  RETURN_IF_ERROR(run.prepare());
  RETURN_IF_ERROR(run.work());
  return run.report();
}

}  // namespace understudy
