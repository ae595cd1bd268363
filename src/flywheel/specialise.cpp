#include "flywheel/specialise.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "eval/paired.h"
#include "eval/threshold.h"
#include "flywheel/answer_forms.h"
#include "flywheel/dataset_files.h"
#include "flywheel/home_folders.h"
#include "flywheel/json_fields.h"
#include "flywheel/ladder.h"
#include "flywheel/remembered_embeddings.h"
#include "flywheel/stopwatch.h"
#include "flywheel/task_calls.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr double kAssumedDiscordantShare = 0.08;  // what linear heads showed on dev of BANKING77: 6 to 8 %
constexpr int64_t kMaxDevRows = 1'000'000;

// Dev rows with which a specialist without a single error has a tau: P7's bound must be above -delta / 2.
int64_t flawless_dev_rows(double delta) {
  const auto holds = [&](int64_t n) { return tango_lower({n, 0, 0}, kThresholdLevel) > -delta / 2; };
  int64_t low = 0, high = kMaxDevRows;
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

size_t count(std::span<const DatasetRow> rows, Split split) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const DatasetRow& row) { return row.split == split; }));
}

std::vector<DatasetRow> rows_of(const Dataset& dataset, Split split) {
  std::vector<DatasetRow> rows;
  std::copy_if(dataset.rows.begin(), dataset.rows.end(), std::back_inserter(rows),
               [&](const DatasetRow& row) { return row.split == split; });
  return rows;
}

int64_t missing(int64_t needed, size_t there) {
  return std::max<int64_t>(0, needed - static_cast<int64_t>(there));
}

ProofNeeds needs_of(const CuratedDataset& curated, const Margin& margin) {
  const Dataset& dataset = curated.dataset;
  ProofNeeds needs;
  for (const auto* part : {&dataset.rows, &curated.sealed}) {
    for (const DatasetRow& row : *part) {
      needs.calls += row.traffic;
      needs.labelled += row.origin == Origin::person ? 1 : 0;
    }
  }
  needs.train = count(dataset.rows, Split::train);
  needs.dev = count(dataset.rows, Split::dev);
  needs.benchmark = count(dataset.rows, Split::benchmark);
  needs.sealed = curated.sealed.size();
  const std::vector<DatasetRow> dev = rows_of(dataset, Split::dev);
  needs.truth = truth_of(dev);
  needs.delta = margin.delta;
  needs.discordant_share = kAssumedDiscordantShare;
  needs.sealed_needed = sealed_rows_needed(needs.discordant_share, margin.delta);
  needs.sealed_missing = missing(needs.sealed_needed, rows_that_count(curated.sealed, needs.truth).size());
  needs.dev_needed = flawless_dev_rows(margin.delta);
  needs.dev_missing = missing(needs.dev_needed, rows_that_count(dev, needs.truth).size());
  return needs;
}

class Specialising {
 public:
  Specialising(const SpecialiseRequest& request, const Store& store, Models& models)
      : request_(request), store_(store), models_(models) {}

  Result<SpecialiseReport> run();

 private:
  Status curate_calls();
  Status seal();
  Status embed();
  Status embed_splits(std::span<const DatasetRow> train, std::span<const DatasetRow> dev,
                      TextEmbedder& embedder);
  Result<SpecialistManifest> finished(const std::string& folder) const;
  Result<RungOutcome> climb_one(const Rung& rung);
  void tell(const std::string& stage, double share, std::optional<double> left) const {
    if (request_.on_progress) request_.on_progress({stage, share, left, ""});
  }

  const SpecialiseRequest& request_;
  const Store& store_;
  Models& models_;
  SpecialiseReport report_;
  CuratedDataset curated_;
  LadderRows rows_;
};

Status check_request(const SpecialiseRequest& request) {
  RETURN_IF_ERROR(check_margin(request.margin));
  const std::vector<std::string> names = rung_names();
  for (const std::string& name : request.rungs) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return Error{ErrorCode::invalid_argument, "there is no rung '" + name + "'", "rungs",
                 fmt::format("Use some of: {}", fmt::join(names, ", "))};
  }
  if (request.max_minutes > 0) return {};
  return Error{ErrorCode::invalid_argument, "training needs some minutes", "max-minutes", ""};
}

Status Specialising::curate_calls() {
  ASSIGN_OR_RETURN(const Task task, task_of_home(request_.home, request_.task));
  report_.task = task.key();
  tell("reading calls", 0, {});
  ASSIGN_OR_RETURN(const TaskCalls calls, calls_of_task(store_, task));
  if (calls.calls.empty()) {
    return Error{
        ErrorCode::not_found, "the ledger holds no call of this task", report_.task.substr(0, 12),
        "Record calls with understudy serve --upstream URL, or import them with understudy calls import"};
  }
  CurateOptions options = request_.curate;
  options.sealed_rows =
      static_cast<size_t>(sealed_rows_needed(kAssumedDiscordantShare, request_.margin.delta));
  tell("curating", 0.5, {});
  ASSIGN_OR_RETURN(curated_, curate(task, calls.calls, calls.labels, options));
  const AnswerKind kind = curated_.dataset.contract.answer_kind;
  if (kind == AnswerKind::text || kind == AnswerKind::none) {
    return Error{
        ErrorCode::unsupported, "the task's answers are free text, which cannot be compared without a judge",
        report_.task.substr(0, 12), "Choose a task whose answers are labels, numbers, JSON or tool calls"};
  }
  json::object& card = curated_.dataset.card;
  // P4: stored before the rows are sealed, and never changed after.
  card["margin"] = {{"delta", request_.margin.delta}, {"reason", request_.margin.reason}};
  card["labels_ignored"] = calls.labels_ignored;
  return {};
}

// Writes the dataset. One that is there already must have been sealed with this margin.
Status Specialising::seal() {
  const Dataset& dataset = curated_.dataset;
  report_.dataset_folder = dataset_folder(report_.task, dataset.hashes.all);
  const std::string folder = request_.home + '/' + report_.dataset_folder;
  RETURN_IF_ERROR(make_private_folder(fs::path(folder).parent_path()));
  RETURN_IF_ERROR(write_dataset(dataset, curated_.sealed, folder));
  ASSIGN_OR_RETURN(const Dataset written, read_dataset(folder));
  JsonFields card(written.card, "a dataset's card");
  JsonFields margin(card.object("margin"), "a dataset's card");
  const double sealed_with = margin.number("delta");
  RETURN_IF_ERROR(card.status());
  RETURN_IF_ERROR(margin.status());
  if (sealed_with == request_.margin.delta) return {};
  return Error{ErrorCode::invalid_argument,
               fmt::format("these rows were sealed with a margin of {} and stay so, not {}", sealed_with,
                           request_.margin.delta),
               folder,
               fmt::format("Use --delta {}, or come back with calls that were recorded since", sealed_with)};
}

Status Specialising::embed() {
  const Dataset& dataset = curated_.dataset;
  rows_.dataset = &dataset;
  rows_.dataset_folder = report_.dataset_folder;
  rows_.truth = report_.needs.truth;
  rows_.margin = request_.margin;
  const std::vector<DatasetRow> train = rows_of(dataset, Split::train), dev = rows_of(dataset, Split::dev);
  rows_.judged = rows_that_count(dev, rows_.truth);
  rows_.benchmark = rows_that_count(rows_of(dataset, Split::benchmark), rows_.truth);
  ASSIGN_OR_RETURN(const auto loaded, models_.embedder(kLadderEmbedder));
  const std::string path = request_.home + '/' + embeddings_file(report_.task);
  RETURN_IF_ERROR(make_private_folder(fs::path(path).parent_path()));
  RememberingEmbedder embedder(*loaded, path);
  const Status status = embed_splits(train, dev, embedder);
  if (status.ok()) embedder.forget_others();
  const Status saved = embedder.save();
  return status.ok() ? saved : status;
}

Status Specialising::embed_splits(std::span<const DatasetRow> train, std::span<const DatasetRow> dev,
                                  TextEmbedder& embedder) {
  const Stopwatch watch;
  size_t before = 0;
  const auto on_rows = [&](size_t done) {
    const double share = static_cast<double>(before + done) / static_cast<double>(train.size() + dev.size());
    tell("embedding", share, watch.seconds() * (1 / share - 1));
  };
  const std::vector<Slot>& slots = curated_.dataset.contract.task.slots;
  ASSIGN_OR_RETURN(rows_.train, embed_rows(train, slots, embedder, on_rows, request_.cancelled));
  before = train.size();
  ASSIGN_OR_RETURN(rows_.dev, embed_rows(dev, slots, embedder, on_rows, request_.cancelled));
  return {};
}

// A specialist that was made of these rows for this margin.
Result<SpecialistManifest> Specialising::finished(const std::string& folder) const {
  ASSIGN_OR_RETURN(SpecialistManifest manifest, read_manifest(folder));
  if (manifest.dataset == curated_.dataset.hashes && manifest.margin.delta == request_.margin.delta)
    return manifest;
  return Error{ErrorCode::not_found, "made of other rows", folder, ""};
}

std::string folder_name(const Rung& rung) {
  std::string name(rung.name);
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

Share share_in(const json::object& figures) {
  JsonFields fields(figures, "figures");
  return {fields.integer("right_rows"),
          fields.integer("n"),
          fields.number("right"),
          {fields.number("low"), fields.number("high")}};
}

// A larger rung could answer at most the other 5 % of calls, and its training takes most of the minutes.
constexpr double kEnoughLocalShare = 0.95;

// Why a rung is not tried; empty if it is.
std::string reason_to_leave_out(const Rung& rung, const SpecialiseRequest& request, const Contract& contract,
                                const EmbeddedSplit& train) {
  const bool named = std::find(request.rungs.begin(), request.rungs.end(), rung.name) != request.rungs.end();
  if (!request.rungs.empty() && !named) return "not asked for";
  if (rung.is_head && !is_closed(contract.answer_kind, train.rows))
    return "its answers are not a closed set: a head can only choose among those it has seen";
  if (!named && request.max_minutes < rung.min_minutes)
    return fmt::format("needs --max-minutes {:.0f}", rung.min_minutes);
  return "";
}

// Largest share of dev that a rung answers locally.
double answered_by_smaller(std::span<const ThresholdChoice> rungs) {
  double most = 0;
  for (const ThresholdChoice& rung : rungs) most = std::max(most, rung.tau ? rung.local_share : 0);
  return most;
}

Result<RungOutcome> Specialising::climb_one(const Rung& rung) {
  RungOutcome outcome;
  outcome.rung = rung.name;
  outcome.folder = specialist_folder(report_.task, curated_.dataset.hashes.all, folder_name(rung));
  const std::string folder = request_.home + '/' + outcome.folder;
  auto manifest = finished(folder);
  outcome.kept = manifest.ok();
  if (!outcome.kept) {
    RETURN_IF_ERROR(make_private_folder(folder));
    // Rungs that train share the minutes.
    const Contract& contract = curated_.dataset.contract;
    const auto training = std::count_if(ladder().begin(), ladder().end(), [&](const Rung& each) {
      return !each.is_head && reason_to_leave_out(each, request_, contract, rows_.train).empty();
    });
    const double minutes = request_.max_minutes / static_cast<double>(std::max<ptrdiff_t>(1, training));
    manifest = climb(rung, rows_, folder, models_, {minutes, request_.on_progress, request_.cancelled});
  }
  if (!manifest.ok()) return manifest.error();
  outcome.rung = manifest->rung();
  outcome.specialist_hash = manifest->hash();
  outcome.tau = manifest->tau;
  outcome.local_share = manifest->dev_local_share;
  outcome.discordant_share = manifest->dev_discordant_share;
  outcome.dev_right = share_in(manifest->dev);
  outcome.benchmark_right = share_in(manifest->benchmark);
  outcome.seconds = manifest->seconds;
  outcome.cpu_seconds = manifest->cpu_seconds;
  return outcome;
}

Result<SpecialiseReport> Specialising::run() {
  RETURN_IF_ERROR(check_request(request_));
  RETURN_IF_ERROR(curate_calls());
  report_.needs = needs_of(curated_, request_.margin);
  if (request_.on_needs) request_.on_needs(report_.needs);
  // Before the dataset is sealed: a missing model leaves nothing behind.
  ASSIGN_OR_RETURN(const auto embedder, models_.embedder(kLadderEmbedder));
  RETURN_IF_ERROR(seal());
  RETURN_IF_ERROR(embed());
  std::vector<ThresholdChoice> choices;
  for (const Rung& rung : ladder()) {
    std::string reason = reason_to_leave_out(rung, request_, curated_.dataset.contract, rows_.train);
    if (reason.empty() && request_.rungs.empty() && answered_by_smaller(choices) >= kEnoughLocalShare)
      reason = fmt::format("a smaller one answers {:.0f} % of dev", 100 * answered_by_smaller(choices));
    auto outcome = reason.empty() ? climb_one(rung) : Result<RungOutcome>(RungOutcome{});
    const bool fatal = !outcome.ok() && outcome.error().code != ErrorCode::invalid_argument &&
                       outcome.error().code != ErrorCode::not_found &&
                       outcome.error().code != ErrorCode::unsupported;
    if (fatal) return outcome.error();
    RungOutcome& made = report_.rungs.emplace_back(outcome.ok() ? std::move(*outcome) : RungOutcome{});
    if (!outcome.ok() || !reason.empty()) {
      made.rung = rung.name;
      made.left_out = reason.empty() ? outcome.error().message() : reason;
    }
    choices.push_back({made.tau, {}, made.local_share, made.discordant_share});
  }
  report_.chosen = choose_rung(choices);
  RETURN_IF_ERROR(
      keep_choice(request_.home, report_.task, report_.chosen ? report_.rungs[*report_.chosen].folder : ""));
  return report_;
}

}  // namespace

std::vector<std::string> rung_names() {
  std::vector<std::string> names;
  for (const Rung& rung : ladder()) names.emplace_back(rung.name);
  return names;
}

Result<SpecialiseReport> specialise(const SpecialiseRequest& request, const Store& store, Models& models) {
  return Specialising(request, store, models).run();
}

}  // namespace understudy
