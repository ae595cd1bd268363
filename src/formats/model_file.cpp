#include "formats/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "formats/layer_name.h"

namespace understudy {

namespace {

// In the order of MetaValue's alternatives.
constexpr std::string_view kTypeNames[] = {
    "a bool",
    "an integer",
    "a float",
    "a string",
    "an array of bool",
    "an array of integers",
    "an array of floats",
    "an array of strings",
};
static_assert(std::size(kTypeNames) == std::variant_size_v<MetaValue>);

template <typename T>
std::string_view type_name() {
  return kTypeNames[MetaValue(T{}).index()];
}

template <typename T>
Result<T> typed(std::string_view key, const MetaValue& value) {
  if (const T* match = std::get_if<T>(&value)) return *match;
  if constexpr (std::is_same_v<T, double>) {
    if (const int64_t* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  }
  return Error{ErrorCode::corrupt,
               fmt::format("expected {}, found {}", type_name<T>(), kTypeNames[value.index()]),
               fmt::format("metadata key {}", key), ""};
}

}  // namespace

const MetaValue* Metadata::find(std::string_view key) const {
  auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

template <typename T>
Result<T> Metadata::get(std::string_view key) const {
  const MetaValue* value = find(key);
  if (value == nullptr) {
    return Error{ErrorCode::corrupt, fmt::format("expected {}, found no such key", type_name<T>()),
                 fmt::format("metadata key {}", key), ""};
  }
  return typed<T>(key, *value);
}

template <typename T>
Result<T> Metadata::get_or(std::string_view key, T fallback) const {
  const MetaValue* value = find(key);
  if (value == nullptr) return fallback;
  return typed<T>(key, *value);
}

template Result<bool> Metadata::get(std::string_view) const;
template Result<bool> Metadata::get_or(std::string_view, bool) const;
template Result<int64_t> Metadata::get(std::string_view) const;
template Result<int64_t> Metadata::get_or(std::string_view, int64_t) const;
template Result<double> Metadata::get(std::string_view) const;
template Result<double> Metadata::get_or(std::string_view, double) const;
template Result<std::string> Metadata::get(std::string_view) const;
template Result<std::string> Metadata::get_or(std::string_view, std::string) const;
template Result<std::vector<bool>> Metadata::get(std::string_view) const;
template Result<std::vector<bool>> Metadata::get_or(std::string_view, std::vector<bool>) const;
template Result<std::vector<int64_t>> Metadata::get(std::string_view) const;
template Result<std::vector<int64_t>> Metadata::get_or(std::string_view, std::vector<int64_t>) const;
template Result<std::vector<double>> Metadata::get(std::string_view) const;
template Result<std::vector<double>> Metadata::get_or(std::string_view, std::vector<double>) const;
template Result<std::vector<std::string>> Metadata::get(std::string_view) const;
template Result<std::vector<std::string>> Metadata::get_or(std::string_view, std::vector<std::string>) const;

int64_t TensorView::elements() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

const TensorView* ModelFile::tensor(std::string_view name) const {
  auto before = [this](size_t position, std::string_view wanted) { return tensors[position].name < wanted; };
  auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name, before);
  if (found == by_name_.end() || tensors[*found].name != name) return nullptr;
  return &tensors[*found];
}

std::string ModelFile::spelled(std::string_view tensor_name) const {
  const LayerName name = split_layer_name(tensor_name);
  const auto own = own_patterns.find(name.pattern);
  if (own == own_patterns.end()) return std::string(tensor_name);
  return fmt::format("{} ({} in the file)", tensor_name, with_layer(own->second, name.number));
}

void ModelFile::index() {
  by_name_.resize(tensors.size());
  std::iota(by_name_.begin(), by_name_.end(), size_t{0});
  std::sort(by_name_.begin(), by_name_.end(),
            [this](size_t a, size_t b) { return tensors[a].name < tensors[b].name; });
}

}  // namespace understudy
