#include "arch/adapter_file.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "base/checked.h"
#include "base/json.h"
#include "base/sha256.h"
#include "formats/safetensors.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "understudy adapter 1";
constexpr std::string_view kSuffixA = ".lora_a", kSuffixB = ".lora_b";
constexpr size_t kLengthBytes = 8, kAlignment = 8, kHeaderDepth = 3;

size_t index_of(int id) { return static_cast<size_t>(id); }

json::object tensor_object(int rows, int columns, uint64_t& offset) {
  const uint64_t bytes = sizeof(float) * static_cast<uint64_t>(rows) * static_cast<uint64_t>(columns);
  json::object tensor{{"dtype", "F32"},
                      {"shape", json::array{rows, columns}},
                      {"data_offsets", json::array{offset, offset + bytes}}};
  offset += bytes;
  return tensor;
}

void append(std::string& bytes, const float* values, int count) {
  bytes.append(reinterpret_cast<const char*>(values), static_cast<size_t>(count) * sizeof(float));
}

// Rank and scale that all pairs have.
Result<AdapterPair> common_pair(const Adapter& adapter) {
  const AdapterPair* first = nullptr;
  for (const AdapterPair& pair : adapter.pairs) {
    if (pair.rank == 0) continue;
    if (first == nullptr) first = &pair;
    if (pair.rank != first->rank || pair.scale != first->scale) {
      return Error{ErrorCode::invalid_argument, "the adapter's pairs differ in rank or scale", "adapter", ""};
    }
  }
  return *first;
}

// A file while it is being read: the first problem ends it.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& path, const Network& network)
      : bytes_(bytes), path_(path), layers_(network.adaptable_layers()), halves_(layers_.size()) {
    for (const AdaptableLayer& layer : layers_) ids_.emplace(layer.name, layer.id);
  }

  Result<AdapterFile> read(const std::string& base_digest) {
    ASSIGN_OR_RETURN(file_, read_safetensors(bytes_, path_));
    RETURN_IF_ERROR(read_metadata(base_digest));
    for (const ForeignTensor& tensor : file_.foreign)
      return corrupt(fmt::format("the tensor {} is {}, expected F32", tensor.name, tensor.type));
    for (const TensorView& tensor : file_.tensors) RETURN_IF_ERROR(place(tensor));
    AdapterFile found{.adapter = {}, .info = file_.metadata["info"], .digest = digest()};
    RETURN_IF_ERROR(fill(found.adapter));
    return found;
  }

 private:
  struct Halves {
    const TensorView* a = nullptr;
    const TensorView* b = nullptr;
  };

  Error corrupt(std::string_view what) const {
    return {ErrorCode::corrupt, fmt::format("not an adapter of this model: {}", what), path_,
            "Train the specialist again"};
  }

  Status read_metadata(const std::string& base_digest) {
    const auto text = [&](const char* key) -> std::string_view { return file_.metadata[key]; };
    if (text("format") != kFormat) return corrupt(fmt::format("its format is not \"{}\"", kFormat));
    if (text("base") != base_digest) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("the adapter was made for another model: expected the digest {}, found {}",
                               base_digest, text("base").substr(0, 64)),
                   path_, "Use the model that it was made for, or train it again"};
    }
    if (!read_number(text("rank"), rank_) || rank_ < 1 || rank_ > kMaxAdapterRank)
      return corrupt(fmt::format("its rank is no number of 1 to {}", kMaxAdapterRank));
    if (!read_number(text("scale"), scale_) || !(scale_ > 0 && scale_ <= kMaxAdapterScale))
      return corrupt(fmt::format("its scale is no number up to {}", kMaxAdapterScale));
    return {};
  }

  template <typename Number>
  static bool read_number(std::string_view text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
  }

  Status place(const TensorView& tensor) {
    const std::string_view name = tensor.name;
    const bool is_a = name.ends_with(kSuffixA);
    if (!is_a && !name.ends_with(kSuffixB))
      return corrupt(fmt::format("the tensor {} is no half of a pair", name));
    const auto id = ids_.find(name.substr(0, name.size() - kSuffixA.size()));
    if (id == ids_.end()) return corrupt(fmt::format("the model has no layer for the tensor {}", name));
    const AdaptableLayer& layer = layers_[index_of(id->second)];
    const std::vector<int64_t> shape = is_a ? std::vector<int64_t>{rank_, layer.inputs}
                                            : std::vector<int64_t>{layer.outputs, rank_};  // contiguous first
    if (tensor.dtype != DType::f32 || tensor.shape != shape) {
      return corrupt(fmt::format("the tensor {} is not F32 of {} x {}", name, shape[1], shape[0]));
    }
    (is_a ? halves_[index_of(layer.id)].a : halves_[index_of(layer.id)].b) = &tensor;
    return {};
  }

  std::string digest() const {
    return sha256_hex({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
  }

  // All tensors have their places and shapes: sizes are the network's.
  Status fill(Adapter& adapter) const {
    size_t size = 0;
    for (const AdaptableLayer& layer : layers_) {
      const Halves& halves = halves_[index_of(layer.id)];
      if ((halves.a == nullptr) != (halves.b == nullptr))
        return corrupt(fmt::format("one half of the pair for {} is missing", layer.name));
      const AdapterPair pair{layer.inputs, layer.outputs, rank_, scale_};
      if (halves.a != nullptr) size += pair.a_size() + pair.b_size();
    }
    if (size == 0) return corrupt("it has no pairs");
    adapter.values.reserve(size);
    for (const AdaptableLayer& layer : layers_) {
      const Halves& halves = halves_[index_of(layer.id)];
      if (halves.a == nullptr) continue;
      adapter.add_pair(layer.id, layer.inputs, layer.outputs, rank_, scale_);
      const AdapterPair& pair = adapter.pairs.back();
      const size_t row_bytes = index_of(rank_) * sizeof(float);
      for (size_t k = 0; k < index_of(layer.inputs); k++) {
        std::memcpy(&adapter.values[pair.a + k * index_of(pair.padded_rank())],
                    halves.a->bytes.data() + k * row_bytes, row_bytes);
      }
      std::memcpy(&adapter.values[pair.b], halves.b->bytes.data(), halves.b->bytes.size());
    }
    for (const float value : adapter.values) {
      if (!std::isfinite(value)) return corrupt("a value is not finite");
    }
    return {};
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
  std::span<const AdaptableLayer> layers_;
  std::map<std::string_view, int> ids_;  // by the layer's name
  std::vector<Halves> halves_;           // by id
  SafetensorsFile file_;
  int rank_ = 0;
  float scale_ = 0;
};

}  // namespace

Result<std::string> adapter_bytes(const Adapter& adapter, const Network& network,
                                  const std::string& base_digest, const std::string& info) {
  RETURN_IF_ERROR(check_adapter(adapter, network));
  ASSIGN_OR_RETURN(const AdapterPair common, common_pair(adapter));
  if (info.size() > kMaxAdapterInfoBytes) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} bytes of text about an adapter, at most {} are kept", info.size(),
                             kMaxAdapterInfoBytes),
                 "info", ""};
  }
  uint64_t data_bytes = 0;
  json::object header;
  header["__metadata__"] = json::object{{"format", kFormat},
                                        {"base", base_digest},
                                        {"rank", std::to_string(common.rank)},
                                        {"scale", fmt::format("{}", common.scale)},
                                        {"info", info}};
  for (const AdaptableLayer& layer : network.adaptable_layers()) {
    const AdapterPair* pair = adapter.pair(layer.id);
    if (pair == nullptr) continue;
    header[layer.name + std::string(kSuffixA)] = tensor_object(pair->inputs, pair->rank, data_bytes);
    header[layer.name + std::string(kSuffixB)] = tensor_object(pair->rank, pair->outputs, data_bytes);
  }
  std::string text = json::serialize(header);
  auto readable = parse_json(text, {.max_depth = kHeaderDepth});
  if (!readable.ok()) {
    return Error{ErrorCode::invalid_argument, "the text about an adapter: " + readable.error().what, "info",
                 ""};
  }
  text.resize(round_up(text.size(), kAlignment), ' ');  // the format allows spaces at the end

  const uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes.reserve(kLengthBytes + text.size() + data_bytes);
  bytes += text;
  for (const AdaptableLayer& layer : network.adaptable_layers()) {
    const AdapterPair* pair = adapter.pair(layer.id);
    if (pair == nullptr) continue;
    for (int k = 0; k < pair->inputs; k++)
      append(bytes, &adapter.values[pair->a + index_of(k) * index_of(pair->padded_rank())], pair->rank);
    append(bytes, &adapter.values[pair->b], pair->rank * pair->outputs);
  }
  return bytes;
}

Result<AdapterFile> read_adapter(std::span<const std::byte> bytes, const std::string& path,
                                 const Network& network, const std::string& base_digest) {
  return Reader(bytes, path, network).read(base_digest);
}

}  // namespace understudy
