#include "arch/loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>

#include "tensor/half.h"

namespace understudy {

namespace {
constexpr int64_t kMaxRows = 4 << 20;              // of a vocabulary
constexpr size_t kWeightBlock = size_t{64} << 20;  // wastes at most the end of a block
}  // namespace

Loader::Loader(const ModelFile& file, ThreadPool& pool, KvType kv)
    : file_(file), pool_(pool), kv_(kv), weights_(std::make_shared<Arena>(kWeightBlock)) {}

void Loader::fail(Error error) {
  if (ok()) status_ = std::move(error);
}

bool Loader::has_key(std::string_view key) const { return file_.metadata.has(full(key)); }

int Loader::integer(std::string_view key, int min, int max) {
  auto value = file_.metadata.get<int64_t>(full(key));
  if (!value.ok()) {
    fail(value.error());
    return min;
  }
  if (*value < min || *value > max) {
    fail({ErrorCode::corrupt, fmt::format("{} is {}, expected {} to {}", full(key), *value, min, max),
          file_.path, ""});
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
      fail({ErrorCode::corrupt, fmt::format("{} holds {}, expected {} to {}", full(key), value, min, max),
            file_.path, ""});
      value = min;
    }
    values.push_back(static_cast<int>(value));
  }
  if (values.size() != static_cast<size_t>(count)) {
    fail({ErrorCode::corrupt,
          fmt::format("{} has {} values, expected {} (one a layer)", full(key), values.size(), count),
          file_.path, ""});
  }
  values.resize(static_cast<size_t>(count), min);
  return values;
}

float Loader::real(std::string_view key) {
  auto value = file_.metadata.get<double>(full(key));
  if (!value.ok()) {
    fail(value.error());
    return 1.0f;
  }
  if (!std::isfinite(*value) || *value <= 0) {
    fail({ErrorCode::corrupt, fmt::format("{} is {}, expected a positive number", full(key), *value),
          file_.path, ""});
    return 1.0f;
  }
  return static_cast<float>(*value);
}

float Loader::real_or(std::string_view key, float fallback) { return has_key(key) ? real(key) : fallback; }

std::string Loader::text_or(std::string_view key, std::string fallback) {
  auto value = file_.metadata.get_or<std::string>(full(key), std::move(fallback));
  if (!value.ok()) {
    fail(value.error());
    return "";
  }
  return *value;
}

const TensorView* Loader::expect(const std::string& name, const std::vector<int64_t>& shape) {
  if (!ok()) return nullptr;
  const TensorView* tensor = file_.tensor(name);
  if (tensor == nullptr) {
    fail({ErrorCode::corrupt,
          fmt::format("the tensor {} is missing, expected shape {}", file_.spelled(name), shape), file_.path,
          "The file may be incomplete or of another architecture than it says"});
    return nullptr;
  }
  // Trailing axes of 1 say nothing.
  std::vector<int64_t> found = tensor->shape, wanted = shape;
  while (found.size() > 1 && found.back() == 1) found.pop_back();
  while (wanted.size() > 1 && wanted.back() == 1) wanted.pop_back();
  if (found != wanted) {
    fail({ErrorCode::corrupt,
          fmt::format("the tensor {} has shape {}, expected {}", file_.spelled(name), tensor->shape, shape),
          file_.path, ""});
    return nullptr;
  }
  return tensor;
}

PackedMatrix Loader::pack(const TensorView& tensor, int n, int k) {
  if (k % kTileK != 0) {
    fail({ErrorCode::unsupported,
          fmt::format("the tensor {} has {} inputs; linear layers need a multiple of {}", tensor.name, k,
                      kTileK),
          file_.path, ""});
    return {};
  }
  return PackedMatrix::pack(tensor.dtype, n, k, tensor.bytes, pool_, weights_);
}

Linear Loader::linear(const std::string& stem, int n, int k, Bias bias) {
  Linear layer;
  if (const TensorView* tensor = expect(stem + ".weight", {k, n})) layer.weight = pack(*tensor, n, k);
  if (bias == Bias::required || (bias == Bias::optional && has_tensor(stem + ".bias")))
    layer.bias = vector(stem + ".bias", n);
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
  fail({ErrorCode::unsupported,
        fmt::format("the tensor {} has {} rows, the limit is {}", name, rows, kMaxRows), file_.path, ""});
  return 1;
}

std::vector<float> Loader::matrix(const std::string& name, int rows, int columns) {
  std::vector<float> values(static_cast<size_t>(rows) * static_cast<size_t>(columns));
  const TensorView* tensor = expect(name, {columns, rows});
  if (tensor == nullptr) return values;
  if (info(tensor->dtype).block != 1) {
    fail({ErrorCode::unsupported,
          fmt::format("the tensor {} is {}, expected F32, F16 or BF16", name, info(tensor->dtype).name),
          file_.path, ""});
    return values;
  }
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
