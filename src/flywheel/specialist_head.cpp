#include "flywheel/specialist_head.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/sha256.h"
#include "flywheel/answer_forms.h"
#include "flywheel/durable_file.h"
#include "flywheel/json_fields.h"
#include "flywheel/slot_text.h"
#include "flywheel/stopwatch.h"
#include "train/heads/linear_head_file.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kEmbedAtOnce = 64;  // some hundred tokens, of which the embedder makes ragged batches
constexpr char kHeadFile[] = "head.safetensors";

class HeadSpecialist : public Specialist {
 public:
  HeadSpecialist(const SpecialistManifest& manifest, LinearHead head, std::vector<std::string> texts,
                 std::shared_ptr<TextEmbedder> embedder)
      : hash_(manifest.hash()),
        rung_(manifest.rung()),
        slots_(manifest.contract.task.slots),
        contract_(manifest.contract),
        head_(std::move(head)),
        texts_(std::move(texts)),
        embedder_(std::move(embedder)) {}

  const std::string& hash() const override { return hash_; }
  const std::string& rung() const override { return rung_; }

  Result<SpecialistAnswer> answer(std::span<const std::string_view> slots) override {
    const Stopwatch watch;
    SpecialistAnswer answer;
    const std::string text = slot_text(slots_, slots);
    answer.in_domain = embedder_->reads(text);
    if (answer.in_domain) {
      ASSIGN_OR_RETURN(const std::vector<float> embedding, embedder_->embed({&text, 1}));
      ASSIGN_OR_RETURN(const HeadAnswer found, head_.answer(embedding));
      answer.value = head_.labels()[static_cast<size_t>(found.label)];
      answer.text = texts_[static_cast<size_t>(found.label)];
      answer.well_formed = keeps_form(contract_, answer.value, answer.text);
      answer.confidence = found.confidence;
      answer.in_domain = found.in_domain;
      answer.distance = found.distance;
    }
    answer.total_ms = watch.seconds() * 1e3;
    answer.cpu_seconds = watch.cpu_seconds();
    return answer;
  }

 private:
  std::string hash_, rung_;
  std::vector<Slot> slots_;
  Contract contract_;
  LinearHead head_;
  std::vector<std::string> texts_;  // by label
  std::shared_ptr<TextEmbedder> embedder_;
};

// Rows whose answer is a label, with it.
struct LabelledRows {
  std::vector<float> values;
  std::vector<int> labels;

  EmbeddedRows view(size_t width) const { return {values, width, labels}; }
};

LabelledRows labelled(const EmbeddedSplit& split, const std::map<std::string_view, int>& labels,
                      size_t width) {
  LabelledRows found;
  for (size_t i = 0; i < split.rows.size(); ++i) {
    const auto label = labels.find(split.rows[i].value);
    if (label == labels.end()) continue;
    found.labels.push_back(label->second);
    const auto row = split.values.begin() + static_cast<ptrdiff_t>(i * width);
    found.values.insert(found.values.end(), row, row + static_cast<ptrdiff_t>(width));
  }
  return found;
}

}  // namespace

Result<EmbeddedSplit> embed_rows(std::span<const DatasetRow> rows, std::span<const Slot> slots,
                                 TextEmbedder& embedder, const std::function<void(size_t)>& on_rows,
                                 const std::atomic<bool>* cancelled) {
  EmbeddedSplit split;
  std::vector<std::string> texts;
  for (const DatasetRow& row : rows) {
    std::string text = slot_text(slots, row.slots);
    if (!embedder.reads(text)) continue;
    split.rows.push_back(row);
    texts.push_back(std::move(text));
  }
  for (size_t begin = 0; begin < texts.size(); begin += kEmbedAtOnce) {
    if (cancelled != nullptr && *cancelled) return Error{ErrorCode::cancelled, "stopped", "", ""};
    const size_t count = std::min(kEmbedAtOnce, texts.size() - begin);
    ASSIGN_OR_RETURN(const std::vector<float> values, embedder.embed({texts.data() + begin, count}));
    split.values.insert(split.values.end(), values.begin(), values.end());
    if (on_rows) on_rows(begin + count);
  }
  return split;
}

Status make_head_specialist(SpecialistManifest& manifest, const std::string& folder, const std::string& model,
                            const TextEmbedder& embedder, const EmbeddedSplit& train,
                            const EmbeddedSplit& dev) {
  const std::vector<KnownAnswer> answers = known_answers(train.rows);
  std::map<std::string_view, int> index;
  LinearHeadData data{embedder.digest(), {}, {}, {}};
  for (const KnownAnswer& answer : answers) {
    index.emplace(answer.value, static_cast<int>(data.labels.size()));
    data.labels.push_back(answer.value);
  }
  const LabelledRows train_rows = labelled(train, index, embedder.width());
  const LabelledRows dev_rows = labelled(dev, index, embedder.width());
  data.train = train_rows.view(embedder.width());
  data.dev = dev_rows.view(embedder.width());
  ThreadPool pool(0);
  ASSIGN_OR_RETURN(const LinearHeadFit fit, fit_linear_head(data, kGateKeepShare, pool));
  const std::string bytes = linear_head_bytes(fit.head);
  RETURN_IF_ERROR(replace_file(folder + '/' + kHeadFile, bytes));
  json::array known;
  for (const KnownAnswer& answer : answers) known.push_back({{"value", answer.value}, {"text", answer.text}});
  manifest.spec = {{"kind", kHeadKind},
                   {"rung", "linear head on " + model},
                   {"contract", manifest.contract.hash()},
                   {"embedder", {{"model", model}, {"digest", embedder.digest()}}},
                   {"head", {{"file", kHeadFile}, {"sha256", sha256_hex(bytes)}}},
                   {"answers", std::move(known)}};
  return {};
}

Result<std::unique_ptr<Specialist>> load_head_specialist(const SpecialistManifest& manifest,
                                                         const std::string& folder, Models& models) {
  JsonFields fields(manifest.spec, "a linear head's description");
  JsonFields embedding(fields.object("embedder"), "a linear head's description");
  const std::string model = embedding.text("model"), digest = embedding.text("digest");
  std::map<std::string, std::string> texts_by_value;
  for (const json::value& each : fields.array("answers")) {
    JsonFields answer(each, "a linear head's description");
    texts_by_value[answer.text("value")] = answer.text("text");
    RETURN_IF_ERROR(answer.status());
  }
  RETURN_IF_ERROR(fields.status());
  RETURN_IF_ERROR(embedding.status());
  ASSIGN_OR_RETURN(const std::string bytes, read_part(manifest.spec, "head", folder));
  ASSIGN_OR_RETURN(LinearHead head,
                   read_linear_head(std::as_bytes(std::span(bytes)), folder + '/' + kHeadFile));
  ASSIGN_OR_RETURN(auto embedder, models.embedder(model));
  if (embedder->digest() != digest || head.embedder() != digest || head.width() != embedder->width()) {
    return Error{ErrorCode::unsupported,
                 "the specialist was made for another embedding model than this " + model, folder,
                 "Pull the model that it was made with, or run understudy specialise again"};
  }
  std::vector<std::string> texts;
  for (const std::string& label : head.labels()) {
    const auto text = texts_by_value.find(label);
    if (text == texts_by_value.end())
      return Error{ErrorCode::corrupt, "an answer of the head has no text", folder, ""};
    texts.push_back(text->second);
  }
  return std::unique_ptr<Specialist>(
      std::make_unique<HeadSpecialist>(manifest, std::move(head), std::move(texts), std::move(embedder)));
}

}  // namespace understudy
