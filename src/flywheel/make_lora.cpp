// Making a specialist with an adapter: training, the domain gate, calibration.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "base/sha256.h"
#include "flywheel/durable_file.h"
#include "flywheel/gate_file.h"
#include "flywheel/lora_prompt.h"
#include "flywheel/platt.h"
#include "flywheel/slot_text.h"
#include "flywheel/specialist_lora.h"
#include "train/sft.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr char kAdapterFile[] = "adapter.safetensors";
// Small steps and a high rate: a few hundred rows with short answers are a handful of steps of the usual size, and minutes
// are few (docs/design/specialists.md has the figures).
constexpr int kTokensPerStep = 256;
constexpr float kLearningRate = 3e-3f;
constexpr int kMaxEpochs = 6;
constexpr double kAnswerRoom = 1.5;  // of the longest answer of training, in tokens
constexpr int kMoreAnswerRoom = 8;

json::object to_json(const PlattScale& scale) { return {{"slope", scale.slope}, {"offset", scale.offset}}; }

class LoraMaker {
 public:
  LoraMaker(SpecialistManifest& manifest, const std::string& folder, const LoraMaking& making)
      : manifest_(manifest), folder_(folder), making_(making), model_(making.engine->model()) {}

  Status make();

 private:
  Result<std::vector<SftRow>> training_rows(const EmbeddedSplit& split, int& longest_answer) const;
  Result<SftResult> train();
  Status fit_gate();
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
  options.learning_rate = kLearningRate;
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
                    {"calibration", to_json(PlattScale{})}};
}

Status LoraMaker::make() {
  ASSIGN_OR_RETURN(prompt_, shortest_prompt(model_));
  if (is_closed(kind(), making_.train->rows)) answers_ = known_answers(making_.train->rows);
  ASSIGN_OR_RETURN(const SftResult trained, train());
  ASSIGN_OR_RETURN(const std::string adapter, read_file(trained.path));
  RETURN_IF_ERROR(replace_file(folder_ + '/' + kAdapterFile, adapter));
  RETURN_IF_ERROR(fit_gate());
  describe(trained);
  return {};
}

}  // namespace

Status make_lora_specialist(SpecialistManifest& manifest, const std::string& folder,
                            const LoraMaking& making) {
  return LoraMaker(manifest, folder, making).make();
}

void calibrate_lora(SpecialistManifest& manifest, std::span<PolicyRow> dev) {
  // Rows that nobody answered, or not in the task's form, have no confidence, and keep none.
  const auto is_answer = [](const PolicyRow& row) { return row.matched && row.confidence > 0; };
  std::vector<ScoredOutcome> outcomes;
  for (const PolicyRow& row : dev) {
    if (is_answer(row) && row.specialist_right) outcomes.push_back({row.confidence, *row.specialist_right});
  }
  const PlattScale scale = fit_platt(outcomes);
  for (PolicyRow& row : dev) {
    if (is_answer(row)) row.confidence = scale(row.confidence);
  }
  manifest.spec["calibration"] = to_json(scale);
}

}  // namespace understudy
