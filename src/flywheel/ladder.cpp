#include "flywheel/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "eval/proportion.h"
#include "flywheel/answer_forms.h"
#include "flywheel/specialist_lora.h"
#include "flywheel/stopwatch.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr Rung kLadder[] = {
    {"head", kLadderEmbedder, true, 0},
    {"smollm2:135m", "smollm2:135m", false, 1},
    {"qwen2.5-coder:0.5b", "qwen2.5-coder:0.5b", false, 40},
};

std::vector<std::string> groups_of(const Dataset& dataset) {
  std::set<std::string> groups;
  for (const DatasetRow& row : dataset.rows) {
    if (row.split == Split::train || row.split == Split::dev) groups.insert(row.group);
  }
  return {groups.begin(), groups.end()};
}

Result<std::vector<PolicyRow>> judge(Specialist& specialist, const LadderRows& rows,
                                     const std::vector<DatasetRow>& judged, const std::string& stage,
                                     const LadderWork& work) {
  const Stopwatch watch;
  PolicyRowOptions options;
  options.truth = rows.truth;
  options.cancelled = work.cancelled;
  options.on_rows = [&](size_t done) {
    if (!work.on_progress) return;
    const double share = static_cast<double>(done) / static_cast<double>(judged.size());
    work.on_progress({stage, share, watch.seconds() * (1 / share - 1), ""});
  };
  return policy_rows(specialist, rows.dataset->contract, judged, options);
}

Status make(const Rung& rung, const LadderRows& rows, const std::string& folder, Models& models,
            const LadderWork& work, SpecialistManifest& manifest) {
  ASSIGN_OR_RETURN(const auto embedder, models.embedder(kLadderEmbedder));
  if (rung.is_head)
    return make_head_specialist(manifest, folder, kLadderEmbedder, *embedder, rows.train, rows.dev);
  LoraMaking making;
  making.model = rung.model;
  ASSIGN_OR_RETURN(making.engine, models.engine(making.model));
  making.embedder = kLadderEmbedder;
  making.embedder_digest = embedder->digest();
  making.embedder_width = embedder->width();
  making.train = &rows.train;
  making.dev = &rows.dev;
  making.max_minutes = work.minutes;
  making.on_progress = work.on_progress;
  making.cancelled = work.cancelled;
  return make_lora_specialist(manifest, folder, making);
}

}  // namespace

std::span<const Rung> ladder() { return kLadder; }

json::object figures_of(std::span<const PolicyRow> rows, std::optional<double> tau) {
  const Share right = standalone_right(rows);
  std::vector<double> times;
  int64_t local = 0, policy = 0, incumbent = 0;
  for (const PolicyRow& row : rows) {
    if (row.specialist_ms) times.push_back(*row.specialist_ms);
    const bool is_local = tau && answers_locally(row, *tau);
    local += is_local ? 1 : 0;
    incumbent += incumbent_right(row) ? 1 : 0;
    policy += (is_local ? policy_right(row, *tau) : incumbent_right(row)) ? 1 : 0;
  }
  std::sort(times.begin(), times.end());
  return {{"n", static_cast<int64_t>(rows.size())},
          {"right", right.value},
          {"low", right.interval.low},
          {"high", right.interval.high},
          {"right_rows", right.hits},
          {"local", local},
          {"policy_right", policy},
          {"incumbent_right", incumbent},
          {"p50_ms", times.empty() ? json::value() : json::value(times[times.size() / 2])}};
}

Result<SpecialistManifest> climb(const Rung& rung, const LadderRows& rows, const std::string& folder,
                                 Models& models, const LadderWork& work) {
  const Stopwatch watch;
  SpecialistManifest manifest;
  manifest.contract = rows.dataset->contract;
  manifest.dataset_folder = rows.dataset_folder;
  manifest.dataset = rows.dataset->hashes;
  manifest.groups = groups_of(*rows.dataset);
  manifest.truth = rows.truth;
  manifest.margin = rows.margin;
  RETURN_IF_ERROR(make(rung, rows, folder, models, work, manifest));
  ASSIGN_OR_RETURN(auto specialist, load_specialist(manifest, folder, models));
  ASSIGN_OR_RETURN(auto dev, judge(*specialist, rows, rows.judged, manifest.rung() + " on dev", work));
  RETURN_IF_ERROR(check_rows(dev, "dev"));
  if (!rung.is_head) {
    calibrate_lora(manifest, dev);
    ASSIGN_OR_RETURN(specialist, load_specialist(manifest, folder, models));
  }
  const ThresholdChoice choice = choose_threshold(dev, rows.margin.delta);
  manifest.tau = choice.tau;
  manifest.dev_local_share = choice.local_share;
  manifest.dev_discordant_share = choice.discordant_share;
  manifest.dev = figures_of(dev, choice.tau);
  ASSIGN_OR_RETURN(const auto benchmark, judge(*specialist, rows, rows.benchmark,
                                               manifest.rung() + " on the benchmark rows", work));
  manifest.benchmark = figures_of(benchmark, choice.tau);
  manifest.seconds = watch.seconds();
  manifest.cpu_seconds = watch.cpu_seconds();
  RETURN_IF_ERROR(write_manifest(manifest, folder));
  return manifest;
}

}  // namespace understudy
