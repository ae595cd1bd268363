#include "formats/hf/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <deque>
#include <unordered_map>

#include "formats/hf/family.h"
#include "formats/layer_name.h"
#include "formats/limits.h"
#include "tensor/half.h"

namespace understudy {

namespace {

constexpr std::string_view kHead = "output.weight";

struct Storage {
  std::shared_ptr<const void> files;
  std::deque<std::vector<std::byte>> owned;  // transformed and generated tensors
};

std::string config_path(const HfCheckpoint& checkpoint) { return checkpoint.folder + "/config.json"; }

Result<const HfFamily*> family_of(HfConfig& config, const std::string& path) {
  const std::string model_type = config.text("model_type");
  RETURN_IF_ERROR(config.status());
  if (const HfFamily* family = find_hf_family(model_type)) return family;
  return Error{ErrorCode::unsupported, fmt::format("model_type: found \"{}\"", model_type), path,
               fmt::format("Supported: {}", fmt::join(hf_model_types(), ", "))};
}

// How the vectors of tokens become that of a text, as llama.cpp numbers it (<architecture>.pooling_type).
void translate_pooling(HfConfig& pooling, HfKeys& keys) {
  constexpr int64_t kMean = 1, kFirst = 2;
  const bool first = pooling.flag_or("pooling_mode_cls_token", false);
  pooling.expect_flag("pooling_mode_mean_tokens", !first);
  for (const char* mode : {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                           "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
    pooling.expect_flag(mode, false);
  }
  keys.set("pooling_type", first ? kFirst : kMean);
}

float value_at(const TensorView& tensor, size_t i) {
  if (tensor.dtype == DType::f32) {
    float value;
    std::memcpy(&value, tensor.bytes.data() + 4 * i, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, tensor.bytes.data() + 2 * i, 2);
  return tensor.dtype == DType::f16 ? f16_to_f32(half) : bf16_to_f32(half);
}

// Tensors under their neutral names, one after the other.
class TensorMapper {
 public:
  TensorMapper(const HfCheckpoint& checkpoint, const HfFamily& family, HfKeys& keys)
      : checkpoint_(checkpoint),
        family_(family),
        tied_(keys.tied()),
        layers_(keys.metadata().get<int64_t>(std::string(family.architecture) + ".block_count")),
        head_width_(
            keys.metadata().get<int64_t>(std::string(family.architecture) + ".attention.key_length")) {
    for (const HfTensor& row : family.tensors) rows_.emplace(row.source, &row);
    storage_->files = checkpoint.storage;
  }

  Status add_all(ModelFile& file) {
    for (const ForeignTensor& foreign : checkpoint_.foreign) {
      ASSIGN_OR_RETURN(const HfTensor* row, row_of(foreign.name));
      if (row->neutral.empty()) continue;
      return error(ErrorCode::unsupported, foreign.name,
                   fmt::format("element type: expected F32, F16 or BF16, found {}", foreign.type));
    }
    for (const TensorView& tensor : checkpoint_.tensors) {
      ASSIGN_OR_RETURN(const HfTensor* row, row_of(tensor.name));
      if (row->neutral.empty() || (tied_ && row->neutral == kHead)) continue;
      TensorView mapped = tensor;
      mapped.name = with_layer(row->neutral, split_layer_name(tensor.name).number);
      RETURN_IF_ERROR(apply(row->transform, mapped));
      file.tensors.push_back(std::move(mapped));
    }
    for (const HfTensor& row : family_.tensors) file.own_patterns.emplace(row.neutral, row.source);
    return {};
  }

  void add_generated(std::string name, const std::vector<float>& values, ModelFile& file) {
    const auto bytes = std::as_bytes(std::span(values));
    file.tensors.push_back({std::move(name),
                            DType::f32,
                            {static_cast<int64_t>(values.size())},
                            own({bytes.begin(), bytes.end()})});
  }

  std::shared_ptr<const void> storage() const { return storage_; }

 private:
  Error error(ErrorCode code, const std::string& tensor, std::string what) const {
    return {code, std::move(what), checkpoint_.folder + ", tensor " + tensor, ""};
  }

  Result<const HfTensor*> row_of(const std::string& name) const {
    const LayerName split = split_layer_name(name);
    const auto row = rows_.find(split.pattern);
    if (row == rows_.end()) {
      return error(ErrorCode::unsupported, name,
                   fmt::format("a tensor that model_type {} does not have", family_.model_type));
    }
    // At most four digits, as written by to_string: kMaxHfLayers is 1024.
    if (!split.number.empty() &&
        (split.number.size() > 4 || std::to_string(std::stoi(split.number)) != split.number ||
         !layers_.ok() || std::stoi(split.number) >= *layers_)) {
      return error(ErrorCode::corrupt, name,
                   fmt::format("layer: expected 0 to {} (num_hidden_layers), found {}",
                               layers_.ok() ? *layers_ - 1 : 0, split.number));
    }
    return row->second;
  }

  std::span<const std::byte> own(std::vector<std::byte> bytes) {
    return storage_->owned.emplace_back(std::move(bytes));
  }

  Status apply(HfTransform transform, TensorView& tensor) {
    switch (transform) {
      case HfTransform::none:
        return {};
      case HfTransform::add_one:
        add_one(tensor);
        return {};
      case HfTransform::interleave:
        return interleave(tensor);
      case HfTransform::drop_unit_axes:
        std::erase(tensor.shape, 1);
        if (tensor.shape.empty()) tensor.shape = {1};
        return {};
    }
    return {};
  }

  void add_one(TensorView& tensor) {
    std::vector<std::byte> sums(static_cast<size_t>(tensor.elements()) * sizeof(float));
    for (size_t i = 0; i < sums.size() / sizeof(float); ++i) {
      const float sum = 1.0f + value_at(tensor, i);
      std::memcpy(sums.data() + i * sizeof(float), &sum, sizeof(float));
    }
    tensor.dtype = DType::f32;
    tensor.bytes = own(std::move(sums));
  }

  // Of a matrix the rows, of a bias the values.
  Status interleave(TensorView& tensor) {
    const int64_t rows = tensor.shape.back();
    if (!head_width_.ok() || *head_width_ % 2 != 0 || rows % *head_width_ != 0) {
      return error(ErrorCode::corrupt, tensor.name,
                   fmt::format("expected rows for whole heads of an even width ({}), found {}",
                               head_width_.ok() ? *head_width_ : 0, rows));
    }
    const size_t row_bytes = tensor.bytes.size() / static_cast<size_t>(rows);
    const auto width = static_cast<size_t>(*head_width_), half = width / 2;
    std::vector<std::byte> turned(tensor.bytes.size());
    for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
      const size_t head = row / width * width, i = row % width;
      const size_t to = head + (i < half ? 2 * i : 2 * (i - half) + 1);
      std::memcpy(turned.data() + to * row_bytes, tensor.bytes.data() + row * row_bytes, row_bytes);
    }
    tensor.bytes = own(std::move(turned));
    return {};
  }

  const HfCheckpoint& checkpoint_;
  const HfFamily& family_;
  bool tied_;
  Result<int64_t> layers_, head_width_;
  std::unordered_map<std::string_view, const HfTensor*> rows_;
  std::shared_ptr<Storage> storage_ = std::make_shared<Storage>();
};

}  // namespace

Result<std::string> hf_architecture(const std::string& folder) {
  HfCheckpoint checkpoint;
  checkpoint.folder = folder;
  ASSIGN_OR_RETURN(checkpoint.config, read_hf_json(folder, "config.json", kMaxHfJsonBytes));
  HfConfig config(checkpoint.config, config_path(checkpoint));
  ASSIGN_OR_RETURN(const HfFamily* family, family_of(config, config_path(checkpoint)));
  return std::string(family->architecture);
}

Result<ModelFile> model_from_hf(HfCheckpoint checkpoint) {
  HfConfig config(checkpoint.config, config_path(checkpoint));
  ASSIGN_OR_RETURN(const HfFamily* family, family_of(config, config_path(checkpoint)));
  HfKeys keys(family->architecture);
  family->translate(config, keys);
  config.expect_absent("quantization_config");
  RETURN_IF_ERROR(config.status());
  if (!checkpoint.pooling.empty()) {
    HfConfig pooling(checkpoint.pooling, checkpoint.folder + "/1_Pooling/config.json");
    translate_pooling(pooling, keys);
    RETURN_IF_ERROR(pooling.status());
  }

  ModelFile file;
  file.path = checkpoint.folder;
  file.architecture = family->architecture;
  TensorMapper mapper(checkpoint, *family, keys);
  RETURN_IF_ERROR(mapper.add_all(file));
  for (const auto& [name, values] : keys.tensors()) mapper.add_generated(name, values, file);
  file.metadata = std::move(keys.metadata());
  file.storage = mapper.storage();
  file.index();
  if (!keys.tied() && file.tensor(kHead) == nullptr) {
    return Error{ErrorCode::corrupt,
                 fmt::format("tie_word_embeddings is false, but there is no tensor {}", file.spelled(kHead)),
                 config_path(checkpoint), ""};
  }
  return file;
}

}  // namespace understudy
