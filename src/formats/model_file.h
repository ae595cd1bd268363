// ModelFile: what a model file says, whatever its format. Readers (read_model.h) produce it, architectures
// (arch/) and tokenizers (text/) consume it. Keys and tensor names are those of GGUF.
//
// Everything in it has been validated against the file's size: a TensorView's bytes lie inside the mapping,
// strings are bounded, counts are checked before anything is allocated. Consumers may trust sizes, not
// meaning. Immutable after reading; safe to share between threads. Views stay valid while the ModelFile
// lives.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "tensor/dtype.h"

namespace understudy {

// Integers of any width arrive as int64 (uint64 above 2^63-1 is refused by the reader), floats as double.
using MetaValue = std::variant<bool, int64_t, double, std::string, std::vector<bool>, std::vector<int64_t>,
                               std::vector<double>, std::vector<std::string>>;

class Metadata {
 public:
  void set(std::string key, MetaValue value) { values_[std::move(key)] = std::move(value); }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  const MetaValue* find(std::string_view key) const;

  // The value of `key` as T (bool, int64_t, double, std::string or a vector of these). A missing key or one
  // of another type is an Error that names the key, the expected and the found type. An int64 is accepted as
  // double.
  template <typename T>
  Result<T> get(std::string_view key) const;
  // The same, but a missing key gives `fallback`; a wrong type is still an Error.
  template <typename T>
  Result<T> get_or(std::string_view key, T fallback) const;

  // Borrowed view of a large array (vocabularies); nullptr when missing or of another type.
  template <typename T>
  const std::vector<T>* array(std::string_view key) const {
    const MetaValue* value = find(key);
    return value ? std::get_if<std::vector<T>>(value) : nullptr;
  }

  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  size_t size() const { return values_.size(); }

 private:
  std::map<std::string, MetaValue, std::less<>> values_;
};

// A weight in the file. shape[0] is the contiguous axis (GGUF's ne[0]): a linear layer [in, out] has shape
// {in, out}.
struct TensorView {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;  // 1 to 4 axes, each >= 1
  std::span<const std::byte> bytes;
  int64_t elements() const;
};

struct ModelFile {
  std::string path;
  std::string architecture;  // "llama", "qwen2", …
  Metadata metadata;
  std::vector<TensorView> tensors;
  std::shared_ptr<const void> storage;  // keeps the bytes alive (a MappedFile or, in tests, a buffer)
  // Where the file spells names its own way: its pattern by the neutral one (layer_name.h).
  std::map<std::string, std::string, std::less<>> own_patterns;

  // For messages: the neutral name and, where it differs, that in the file.
  std::string spelled(std::string_view tensor_name) const;

  const TensorView* tensor(std::string_view name) const;  // nullptr if absent; O(log n)
  void index();                                           // readers call this once tensors is final
 private:
  std::vector<size_t> by_name_;  // positions in tensors, ordered by name
};

}  // namespace understudy
