#include "app/demo/demo_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "app/demo/planted.h"
#include "app/loop_models.h"
#include "eval/report_text.h"
#include "flywheel/home_folders.h"
#include "flywheel/promote.h"
#include "flywheel/prove_task.h"
#include "flywheel/specialise.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

json::object failed(json::object result, const Error& error) {
  fmt::print(stderr, "{}\n", error.message());
  result["error"] = error.message();
  return result;
}

json::object proof_json(const ProveReport& report) {
  const Proof& proof = report.proof;
  json::array reasons;
  for (const Reason& reason : proof.reasons) reasons.emplace_back(reason.text);
  return {{"verdict", name_of(proof.verdict)},
          {"sentence", verdict_sentence(proof)},
          {"reasons", std::move(reasons)},
          {"rung", proof.policy.rung},
          {"tau", proof.policy.tau},
          {"sealed_rows", proof.counts.n},
          {"rows_needed", proof.rows_needed},
          {"difference", proof.counts.difference()},
          {"lower", proof.lower},
          {"upper", proof.upper},
          {"local_share", proof.figures.local.value},
          {"report", report.report_path}};
}

SpecialiseRequest request_of(const TaskStage& stage, const std::string& home) {
  SpecialiseRequest request;
  request.home = home;
  request.task = stage.key;
  request.max_minutes = stage.minutes;
  request.margin.delta = stage.delta;
  request.rungs = stage.rungs;
  request.curate = stage.curate;
  request.on_progress = progress_on_stderr();
  request.on_needs = [](const ProofNeeds& needs) { fmt::print(stderr, "{}", needs_text(needs)); };
  return request;
}

}  // namespace

json::object to_json(const FoundTask& found) {
  return {{"task", found.key}, {"calls", found.calls}, {"right", found.right}, {"of_kind", found.of_kind}};
}

FoundTask find_task_of(CallKind kind, const MinedLedger& mined, std::span<const DemoCall> calls,
                       const std::map<size_t, LoggedReply>& replies) {
  std::map<std::string, CallKind> kinds;
  FoundTask found;
  for (const auto& [number, reply] : replies) {
    kinds[reply.call_id] = calls[number].kind;
    found.of_kind += calls[number].kind == kind ? 1 : 0;
  }
  std::map<size_t, std::pair<size_t, size_t>> counts;  // by task: of the kind, all
  for (size_t i = 0; i < mined.calls.size(); ++i) {
    const auto task = mined.mining.placements[i].task;
    if (!task) continue;
    const auto known = kinds.find(mined.calls[i].id);
    counts[*task].first += known != kinds.end() && known->second == kind ? 1 : 0;
    ++counts[*task].second;
  }
  const auto most = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    return a.second.first < b.second.first;
  });
  if (most == counts.end() || most->second.first == 0) return found;
  found.key = mined.mining.tasks[most->first].key();
  found.right = most->second.first;
  found.calls = most->second.second;
  return found;
}

json::object specialise_and_prove(const TaskStage& stage) {
  json::object result{{"task", stage.key}, {"promoted", false}};
  const std::string& home = stage.state.folder();
  const auto report = specialise(request_of(stage, home), stage.store, stage.models);
  if (!report.ok()) return failed(std::move(result), report.error());
  fmt::print(stderr, "{}", report_text(*report));
  result["specialise"] = to_json(*report);
  if (!report->chosen) return result;

  ProveRequest prove;
  prove.home = home;
  prove.task = stage.key;
  prove.on_progress = progress_on_stderr();
  const auto proved = prove_task(prove, stage.store, stage.models);
  if (!proved.ok()) return failed(std::move(result), proved.error());
  fmt::print(stderr, "{}", report_text(proved->proof));
  result["proof"] = proof_json(*proved);
  if (proved->proof.verdict != Verdict::pass) return result;

  PromoteRequest request;
  request.home = home;
  request.task = stage.key;
  request.from = "understudy demo";
  request.reason = "the proof passed";
  const auto policy = promote(request);
  if (!policy.ok()) return failed(std::move(result), policy.error());
  result["promoted"] = true;
  return result;
}

json::object plant_bad_specialist(const TaskStage& stage) {
  json::object result;
  // A home of its own: another split of the same calls, so that the seal of the real proof stays whole.
  const std::string home = stage.state.path("planted");
  std::error_code code;
  fs::create_directories(home, code);
  fs::copy(stage.state.path("tasks"), home + "/tasks",
           fs::copy_options::recursive | fs::copy_options::overwrite_existing, code);
  if (code) return failed(std::move(result), Error{ErrorCode::io, code.message(), home, ""});
  // Most texts are those of the real specialist; without the file they are embedded again.
  const std::string embeddings = embeddings_file(stage.key);
  fs::create_directories(fs::path(home + '/' + embeddings).parent_path(), code);
  fs::copy_file(stage.state.path(embeddings), home + '/' + embeddings, fs::copy_options::overwrite_existing,
                code);
  const auto report = specialise(request_of(stage, home), stage.store, stage.models);
  if (!report.ok()) return failed(std::move(result), report.error());
  if (!report->chosen) {
    result["error"] =
        "the head of the planted specialist answers too little to be chosen: there is nothing to spoil";
    return result;
  }
  const auto swapped = swap_answers(home + "/" + report->rungs[*report->chosen].folder);
  if (!swapped.ok()) return failed(std::move(result), swapped.error());
  result["answers_swapped"] = *swapped;

  ProveRequest prove;
  prove.home = home;
  prove.task = stage.key;
  prove.on_progress = progress_on_stderr();
  const auto proved = prove_task(prove, stage.store, stage.models);
  if (!proved.ok()) return failed(std::move(result), proved.error());
  result["proof"] = proof_json(*proved);
  PromoteRequest promotion;
  promotion.home = home;
  promotion.task = stage.key;
  const auto policy = promote(promotion);
  result["refused"] = !policy.ok();
  result["why"] = policy.ok() ? "" : policy.error().message();
  return result;
}

}  // namespace understudy
