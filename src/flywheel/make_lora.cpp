// Making a specialist with an adapter: training, the domain gate, calibration.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "base/sha256.h"
#include "flywheel/durable_file.h"
#include "flywheel/gate_file.h"
#include "flywheel/lora_specialist.h"
#include "flywheel/slot_text.h"
#include "flywheel/specialist_lora.h"
#include "flywheel/stopwatch.h"
#include "train/sft.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr char kAdapterFile[] = "adapter.safetensors";
// Small steps: a few hundred rows with short answers are a handful of steps of
// the usual size.
constexpr int kTokensPerStep = 512;
constexpr int kMaxEpochs = 6;
constexpr double kAnswerRoom = 1.5;  // of the longest answer of training, in tokens
constexpr int kMoreAnswerRoom = 8;

class LoraMaker {
 public:
  LoraMaker(SpecialistManifest& manifest, const std::string& folder, const LoraMaking& making)
      : manifest_(manifest), folder_(folder), making_(making), model_(making.engine->model()) {}

  Status make();

 private:
  Result<std::vector<SftRow>> training_rows(const EmbeddedSplit& split, int& longest_answer) const;
  Result<SftResult> train();
  Status fit_gate();
  Result<PlattScale> calibrate(Models& models);
  void describe(const SftResult& trained);

  std::string stage(const char* what) const { return fmt::format("{} on {}", what, making_.model); }
  AnswerKind kind() const { return manifest_.contract.answer_kind; }

  SpecialistManifest& manifest_;
  const std::string& folder_;
  const LoraMaking& making_;
  const Model& model_;
  LoraPrompt prompt_;
  std::vector<KnownAnswer> answers_;  // of a closed set
  int max_tokens_ = 0;
  json::object gate_;
};

// Answers are taught in the incumbent's own form, also where a person gave
// them.
Result<std::vector<SftRow>> LoraMaker::training_rows(const EmbeddedSplit& split, int& longest_answer) const {
  const std::vector<KnownAnswer> known = known_answers(split.rows);
  std::vector<SftRow> rows;
  for (const DatasetRow& row : split.rows) {
    const auto answer = std::lower_bound(
        known.begin(), known.end(), row.value,
        [](const KnownAnswer& each, const std::string& value) { return each.value < value; });
    ASSIGN_OR_RETURN(SftRow made,
                     lora_row(model_, prompt_, slot_text(manifest_.contract.task.slots, row.slots),
                              taught_text(kind(), *answer)));
    longest_answer = std::max(longest_answer, static_cast<int>(made.answer.size()));
    rows.push_back(std::move(made));
  }
  return rows;
}

Result<SftResult> LoraMaker::train() {
  int longest = 0, longest_dev = 0;
  ASSIGN_OR_RETURN(const std::vector<SftRow> rows, training_rows(*making_.train, longest));
  ASSIGN_OR_RETURN(const std::vector<SftRow> dev, training_rows(*making_.dev, longest_dev));
  max_tokens_ = static_cast<int>(kAnswerRoom * longest) + kMoreAnswerRoom;
  SftOptions options;
  options.epochs = kMaxEpochs;
  options.tokens_per_step = kTokensPerStep;
  options.max_minutes = making_.max_minutes;
  SftRun run;
  run.folder = folder_ + "/run";
  run.groups_hash = manifest_.train_manifest().hash;
  run.cancelled = making_.cancelled;
  run.on_progress = [&](const SftProgress& at) {
    if (!making_.on_progress) return;
    std::string detail = fmt::format("step {} of {}, loss {:.3f}", at.step, at.steps, at.loss);
    if (at.dev_loss) detail += fmt::format(", dev {:.3f}", *at.dev_loss);
    making_.on_progress(
        {stage("LoRA"), static_cast<double>(at.step) / std::max(1, at.steps), at.seconds_left, detail});
  };
  auto trained = train_sft(model_, rows, dev, options, run);
  if (trained.ok() || trained.error().code != ErrorCode::forbidden) return trained;
  // A run of other options or rows, which was cut off: nobody will go on with
  // it.
  std::error_code failed;
  fs::remove_all(run.folder, failed);
  return train_sft(model_, rows, dev, options, run);
}

Status LoraMaker::fit_gate() {
  const auto view = [&](const EmbeddedSplit& split, const std::vector<int>& labels) {
    return EmbeddedRows{split.values, making_.embedder_width, labels};
  };
  const std::vector<int> of_train(making_.train->rows.size(), 0), of_dev(making_.dev->rows.size(), 0);
  const DomainGate gate =
      DomainGate::fit(view(*making_.train, of_train), view(*making_.dev, of_dev), kGateKeepShare);
  ASSIGN_OR_RETURN(gate_, write_gate(gate, folder_));
  return {};
}

void LoraMaker::describe(const SftResult& trained) {
  json::array answers;
  for (const KnownAnswer& answer : answers_)
    answers.push_back({{"value", answer.value}, {"text", answer.text}});
  manifest_.spec = {{"kind", kLoraKind},
                    {"rung", "LoRA on " + making_.model},
                    {"contract", manifest_.contract.hash()},
                    {"base", {{"model", making_.model}, {"digest", model_.digest()}}},
                    {"adapter", {{"file", kAdapterFile}, {"sha256", trained.digest}}},
                    {"system", prompt_.empty_system ? "empty" : "template"},
                    {"max_tokens", max_tokens_},
                    {"answers", std::move(answers)},
                    {"embedder", {{"model", making_.embedder}, {"digest", making_.embedder_digest}}},
                    {"gate", gate_},
                    {"calibration", {{"slope", 1.0}, {"offset", 0.0}}}};
}

// The model's own probabilities on dev, against what was right.
Result<PlattScale> LoraMaker::calibrate(Models& models) {
  ASSIGN_OR_RETURN(const auto specialist, load_lora_specialist(manifest_, folder_, models));
  const Stopwatch watch;
  std::vector<ScoredOutcome> outcomes;
  for (const DatasetRow& row : making_.dev->rows) {
    if (making_.cancelled != nullptr && *making_.cancelled)
      return Error{ErrorCode::cancelled, "stopped", "", "Run the same command again to go on"};
    const std::vector<std::string_view> slots(row.slots.begin(), row.slots.end());
    ASSIGN_OR_RETURN(const SpecialistAnswer answer, specialist->answer(slots));
    if (answer.in_domain && answer.well_formed) {
      ASSIGN_OR_RETURN(const bool right, says_the_same(kind(), answer.value, row.value));
      outcomes.push_back({answer.confidence, right});
    }
    const double share =
        static_cast<double>(outcomes.size() + 1) / static_cast<double>(making_.dev->rows.size() + 1);
    if (making_.on_progress)
      making_.on_progress({stage("calibrating"), share, watch.seconds() * (1 / share - 1), ""});
  }
  return fit_platt(outcomes);
}

Status LoraMaker::make() {
  ASSIGN_OR_RETURN(prompt_, shortest_prompt(model_));
  if (is_closed(kind(), making_.train->rows)) answers_ = known_answers(making_.train->rows);
  ASSIGN_OR_RETURN(const SftResult trained, train());
  ASSIGN_OR_RETURN(const std::string adapter, read_file(trained.path));
  RETURN_IF_ERROR(replace_file(folder_ + '/' + kAdapterFile, adapter));
  RETURN_IF_ERROR(fit_gate());
  describe(trained);
  ASSIGN_OR_RETURN(const PlattScale scale, calibrate(*making_.models));
  manifest_.spec["calibration"] = {{"slope", scale.slope}, {"offset", scale.offset}};
  return {};
}

}  // namespace

Status make_lora_specialist(SpecialistManifest& manifest, const std::string& folder,
                            const LoraMaking& making) {
  return LoraMaker(manifest, folder, making).make();
}

}  // namespace understudy
