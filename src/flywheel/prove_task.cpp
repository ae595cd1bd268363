#include "flywheel/prove_task.h"

#include <boost/json.hpp>

#include "eval/report_html.h"
#include "flywheel/dataset_files.h"
#include "flywheel/durable_file.h"
#include "flywheel/home_folders.h"
#include "flywheel/json_fields.h"
#include "flywheel/policy_rows.h"
#include "flywheel/specialist_files.h"
#include "flywheel/stopwatch.h"
#include "store/call_id.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr double kSecondsPerHour = 3600;

// The margin that the card was sealed with; 0, which no margin is, if there is none.
double sealed_margin(const Dataset& dataset) {
  JsonFields card(dataset.card, "a dataset's card");
  JsonFields margin(card.object("margin"), "a dataset's card");
  const double delta = margin.number("delta");
  return card.status().ok() && margin.status().ok() ? delta : 0;
}

// Calls of the ledger: of the task, and all. The task's are those that its rows stand for.
Result<Traffic> traffic_of(const ProveRequest& request, const Store& store, const Dataset& dataset,
                           const std::vector<DatasetRow>& sealed, const SpecialistManifest& manifest) {
  Traffic traffic;
  int64_t calls = 0;
  for (const auto* part : {&dataset.rows, &sealed}) {
    for (const DatasetRow& row : *part) calls += static_cast<int64_t>(row.traffic);
  }
  CallFilter filter;
  filter.origin = Origin::incumbent;
  ASSIGN_OR_RETURN(const int64_t all, store.count(filter));
  traffic.task_calls = calls;
  traffic.all_calls = std::max(all, calls);
  traffic.audit_share = request.audit_share;
  if (request.usd_per_cpu_hour)
    traffic.training_cost = manifest.cpu_seconds / kSecondsPerHour * *request.usd_per_cpu_hour;
  return traffic;
}

PolicyRowOptions row_options(const ProveRequest& request, const Store& store, Truth truth, size_t rows,
                             const Stopwatch& watch) {
  PolicyRowOptions options;
  options.truth = truth;
  options.usd_per_cpu_hour = request.usd_per_cpu_hour;
  options.incumbent = [&store](const std::string& id) {
    const auto call = store.get(id);
    return call.ok() ? IncumbentFigures{call->total_ms, call->cost_usd} : IncumbentFigures{};
  };
  options.on_rows = [&request, &watch, rows](size_t done) {
    if (!request.on_progress) return;
    const double share = static_cast<double>(done) / static_cast<double>(rows);
    request.on_progress({"sealed rows", share, watch.seconds() * (1 / share - 1), ""});
  };
  return options;
}

Status write_reports(ProveReport& report, const std::string& home) {
  report.proof_path = home + '/' + report.folder + "/proof.json";
  report.report_path = home + '/' + report.folder + "/report.html";
  RETURN_IF_ERROR(replace_file(report.report_path, report_html(report.proof)));
  return replace_file(report.proof_path, json::serialize(to_json(report.proof)) + '\n');
}

}  // namespace

Result<ProveReport> prove_task(const ProveRequest& request, const Store& store, Models& models) {
  ASSIGN_OR_RETURN(const Task task, task_of_home(request.home, request.task));
  ProveReport report;
  ASSIGN_OR_RETURN(report.folder, chosen_specialist(request.home, task.key()));
  const std::string folder = request.home + '/' + report.folder;
  ASSIGN_OR_RETURN(const SpecialistManifest manifest, read_manifest(folder));
  const std::string dataset_path = request.home + '/' + manifest.dataset_folder;
  ASSIGN_OR_RETURN(const Dataset dataset, read_dataset(dataset_path));
  // Everything that can fail for another reason fails before the seal is opened.
  ASSIGN_OR_RETURN(const auto specialist, load_specialist(manifest, folder, models));
  if (request.cancelled != nullptr && *request.cancelled)
    return Error{ErrorCode::cancelled, "stopped before the seal was opened", "", ""};

  GateInput input;
  input.policy = manifest.policy();
  input.truth = manifest.truth;
  input.margin = manifest.margin;
  input.train_manifest = manifest.train_manifest();
  input.dev_discordant_share = manifest.dev_discordant_share;
  ASSIGN_OR_RETURN(const std::vector<DatasetRow> sealed,
                   open_sealed(dataset_path, {input.policy.hash, unix_ms_now()}));
  input.seal = {dataset.hashes.all, sealed_margin(dataset), input.policy.hash, 1};
  if (dataset.hashes != manifest.dataset) input.train_manifest.reset();  // made of other rows than these

  const std::vector<DatasetRow> rows = rows_that_count(sealed, manifest.truth);
  const Stopwatch watch;
  ASSIGN_OR_RETURN(input.rows, policy_rows(*specialist, manifest.contract, rows,
                                           row_options(request, store, manifest.truth, rows.size(), watch)));
  ASSIGN_OR_RETURN(input.traffic, traffic_of(request, store, dataset, sealed, manifest));
  ASSIGN_OR_RETURN(report.proof, prove(input));
  RETURN_IF_ERROR(write_reports(report, request.home));
  return report;
}

}  // namespace understudy
