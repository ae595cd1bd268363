#include "arch/loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>

#include "tensor/half.h"

namespace understudy {

namespace {
constexpr int64_t kMaxRows = 4 << 20;  // of a vocabulary
constexpr std::string_view kBlockPrefix = "blk.";
constexpr const char* kIncomplete = "The file may be incomplete or of another architecture than it says";
}  // namespace

Loader::Loader(const ModelFile& file, ThreadPool& pool, PackedWeights& weights, KvType kv)
    : file_(file), pool_(pool), kv_(kv), weights_(weights) {}

void Loader::fail(ErrorCode code, std::string_view key, std::string_view expected, std::string_view found) {
  keep({code, fmt::format("{}: expected {}, found {}", full(key), expected, found), file_.path, ""});
}

void Loader::fail_value(std::string_view key, const Error& error) {
  keep({error.code, fmt::format("{}: {}", full(key), error.what), file_.path,
        has_key(key) ? "" : kIncomplete});
}

void Loader::keep(Error error) {
  if (ok()) status_ = std::move(error);
}

bool Loader::has_key(std::string_view key) const { return file_.metadata.has(full(key)); }

int Loader::integer(std::string_view key, int min, int max) {
  auto value = file_.metadata.get<int64_t>(full(key));
  if (!value.ok()) {
    fail_value(key, value.error());
    return min;
  }
  if (*value < min || *value > max) {
    fail(ErrorCode::corrupt, key, fmt::format("{} to {}", min, max), std::to_string(*value));
    return min;
  }
  return static_cast<int>(*value);
}

int Loader::integer_or(std::string_view key, int min, int max, int fallback) {
  return has_key(key) ? integer(key, min, max) : fallback;
}

std::vector<int> Loader::integers(std::string_view key, int count, int min, int max) {
  const auto* array = file_.metadata.array<int64_t>(full(key));
  if (array == nullptr) return std::vector<int>(static_cast<size_t>(count), integer(key, min, max));
  std::vector<int> values;
  for (int64_t value : *array) {
    if (value < min || value > max) {
      fail(ErrorCode::corrupt, key, fmt::format("values from {} to {}", min, max), std::to_string(value));
      value = min;
    }
    values.push_back(static_cast<int>(value));
  }
  if (values.size() != static_cast<size_t>(count)) {
    fail(ErrorCode::corrupt, key, fmt::format("{} values (one a layer)", count),
         std::to_string(values.size()));
  }
  values.resize(static_cast<size_t>(count), min);
  return values;
}

float Loader::real(std::string_view key) {
  auto value = file_.metadata.get<double>(full(key));
  if (!value.ok()) {
    fail_value(key, value.error());
    return 1.0f;
  }
  if (!std::isfinite(*value) || *value <= 0) {
    fail(ErrorCode::corrupt, key, "a positive number", fmt::format("{}", *value));
    return 1.0f;
  }
  return static_cast<float>(*value);
}

float Loader::real_or(std::string_view key, float fallback) { return has_key(key) ? real(key) : fallback; }

std::string Loader::text_or(std::string_view key, std::string fallback) {
  auto value = file_.metadata.get_or<std::string>(full(key), std::move(fallback));
  if (!value.ok()) {
    fail_value(key, value.error());
    return "";
  }
  return *value;
}

const TensorView* Loader::expect(const std::string& name, const std::vector<int64_t>& shape) {
  if (!ok()) return nullptr;
  const TensorView* tensor = file_.tensor(name);
  if (tensor == nullptr) {
    keep({ErrorCode::corrupt,
          fmt::format("the tensor {} is missing, expected shape {}", file_.spelled(name), shape), file_.path,
          kIncomplete});
    return nullptr;
  }
  // Trailing axes of 1 say nothing.
  std::vector<int64_t> found = tensor->shape, wanted = shape;
  while (found.size() > 1 && found.back() == 1) found.pop_back();
  while (wanted.size() > 1 && wanted.back() == 1) wanted.pop_back();
  if (found != wanted) {
    keep({ErrorCode::corrupt,
          fmt::format("the tensor {} has shape {}, expected {}", file_.spelled(name), tensor->shape, shape),
          file_.path, ""});
    return nullptr;
  }
  return tensor;
}

PackedMatrix Loader::pack(const TensorView& tensor, int n, int k) {
  if (k % kTileK != 0) {
    keep({ErrorCode::unsupported,
          fmt::format("the tensor {} has {} inputs; linear layers need a multiple of {}",
                      file_.spelled(tensor.name), k, kTileK),
          file_.path, ""});
    return {};
  }
  return weights_.get(tensor.name, tensor.dtype, n, k, tensor.bytes, pool_);
}

Linear Loader::linear(const std::string& stem, int n, int k, Bias bias) {
  Linear layer;
  if (const TensorView* tensor = expect(stem + ".weight", {k, n})) layer.weight = pack(*tensor, n, k);
  if (bias == Bias::required || (bias == Bias::optional && has_tensor(stem + ".bias")))
    layer.bias = vector(stem + ".bias", n);
  if (stem.starts_with(kBlockPrefix)) {
    layer.id = static_cast<int>(adaptable_layers_.size());
    adaptable_layers_.push_back({stem, layer.id, k, n});
  }
  return layer;
}

std::shared_ptr<const Linear> Loader::table(const std::string& name, int k) {
  auto layer = std::make_shared<Linear>();
  const int rows = rows_of(name);
  if (const TensorView* tensor = expect(name, {k, rows})) layer->weight = pack(*tensor, rows, k);
  return layer;
}

int Loader::rows_of(const std::string& name) {
  const TensorView* tensor = file_.tensor(name);
  const int64_t rows = tensor != nullptr && tensor->shape.size() == 2 ? tensor->shape[1] : 1;
  if (rows <= kMaxRows) return static_cast<int>(rows);
  keep({ErrorCode::unsupported,
        fmt::format("the tensor {} has {} rows, the limit is {}", file_.spelled(name), rows, kMaxRows),
        file_.path, ""});
  return 1;
}

std::vector<float> Loader::matrix(const std::string& name, int rows, int columns) {
  const TensorView* tensor = expect(name, {columns, rows});
  if (tensor == nullptr) return {};
  if (info(tensor->dtype).block != 1) {
    keep({ErrorCode::unsupported,
          fmt::format("the tensor {} is {}, expected F32, F16 or BF16", file_.spelled(name),
                      info(tensor->dtype).name),
          file_.path, ""});
    return {};
  }
  std::vector<float> values(static_cast<size_t>(tensor->elements()));
  for (size_t i = 0; i < values.size(); i++) {
    if (tensor->dtype == DType::f32) {
      std::memcpy(&values[i], tensor->bytes.data() + 4 * i, 4);
    } else {
      uint16_t half;
      std::memcpy(&half, tensor->bytes.data() + 2 * i, 2);
      values[i] = tensor->dtype == DType::f16 ? f16_to_f32(half) : bf16_to_f32(half);
    }
  }
  return values;
}

std::vector<float> Loader::vector(const std::string& name, int size) { return matrix(name, 1, size); }

LayerNorm Loader::layer_norm(const std::string& stem, int size, float eps) {
  return {.weight = vector(stem + ".weight", size), .bias = vector(stem + ".bias", size), .eps = eps};
}

RmsNorm Loader::norm(const std::string& name, int size, float eps) {
  return {.weight = vector(name, size), .eps = eps};
}

}  // namespace understudy
