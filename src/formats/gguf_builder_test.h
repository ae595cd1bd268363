// For tests only: writes GGUF files, right and wrong ones, into memory. Nothing is checked; every count,
// length, type and offset can be a lie.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tensor/dtype.h"

namespace understudy {

enum class GgufType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

template <typename T>
constexpr GgufType gguf_type() {
  if constexpr (std::is_same_v<T, bool>) return GgufType::boolean;
  if constexpr (std::is_same_v<T, std::string>) return GgufType::string;
  if constexpr (std::is_same_v<T, uint8_t>) return GgufType::u8;
  if constexpr (std::is_same_v<T, int8_t>) return GgufType::i8;
  if constexpr (std::is_same_v<T, uint16_t>) return GgufType::u16;
  if constexpr (std::is_same_v<T, int16_t>) return GgufType::i16;
  if constexpr (std::is_same_v<T, uint32_t>) return GgufType::u32;
  if constexpr (std::is_same_v<T, int32_t>) return GgufType::i32;
  if constexpr (std::is_same_v<T, float>) return GgufType::f32;
  if constexpr (std::is_same_v<T, uint64_t>) return GgufType::u64;
  if constexpr (std::is_same_v<T, int64_t>) return GgufType::i64;
  if constexpr (std::is_same_v<T, double>) return GgufType::f64;
}

// The bytes of a value as GGUF stores it.
template <typename T>
std::string gguf_bytes(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return gguf_bytes<uint64_t>(value.size()) + value;
  } else {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }
}

class GgufBuilder {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;  // used for the layout; written only by set("general.alignment", ...)
  std::optional<uint64_t> key_count, tensor_count;  // instead of the true ones

  template <typename T>
  GgufBuilder& set(const std::string& key, const T& value) {
    return set_raw(key, static_cast<uint32_t>(gguf_type<T>()), gguf_bytes(value));
  }
  GgufBuilder& set(const std::string& key, const char* value) { return set(key, std::string(value)); }
  template <typename T>
  GgufBuilder& set_array(const std::string& key, const std::vector<T>& values) {
    std::string payload;
    for (const T& value : values) payload += gguf_bytes<T>(value);
    return set_raw_array(key, static_cast<uint32_t>(gguf_type<T>()), values.size(), payload);
  }
  GgufBuilder& set_raw(const std::string& key, uint32_t type, const std::string& payload) {
    return raw_key(gguf_bytes(key) + gguf_bytes(type) + payload);
  }
  GgufBuilder& set_raw_array(const std::string& key, uint32_t type, uint64_t count,
                             const std::string& payload) {
    return set_raw(key, static_cast<uint32_t>(GgufType::array),
                   gguf_bytes(type) + gguf_bytes(count) + payload);
  }
  // The bytes of a whole pair, counted as one.
  GgufBuilder& raw_key(const std::string& bytes) {
    keys_ += bytes;
    ++keys_written_;
    return *this;
  }

  // A tensor with its data (`size` bytes of a fixed pattern) behind the others, at the next aligned offset.
  GgufBuilder& tensor(const std::string& name, DType dtype, const std::vector<uint64_t>& shape) {
    uint64_t elements = 1;
    for (uint64_t length : shape) elements *= length;
    data_.resize((data_.size() + alignment - 1) / alignment * alignment, '\0');
    raw_tensor(name, shape, info(dtype).gguf_id, data_.size());
    return data(elements / info(dtype).block * info(dtype).bytes);
  }
  // The description alone.
  GgufBuilder& raw_tensor(const std::string& name, const std::vector<uint64_t>& shape, uint32_t type,
                          uint64_t offset) {
    table_ += gguf_bytes(name) + gguf_bytes(static_cast<uint32_t>(shape.size()));
    for (uint64_t length : shape) table_ += gguf_bytes(length);
    table_ += gguf_bytes(type) + gguf_bytes(offset);
    ++tensors_written_;
    return *this;
  }
  GgufBuilder& data(size_t size) {
    for (size_t i = 0; i < size; ++i) data_.push_back(static_cast<char>(i * 7 + 1));
    return *this;
  }

  // Where the tensor data starts in build().
  size_t header_bytes() const { return header().size(); }
  std::string build() const {
    std::string file = header();
    if (data_.empty()) return file;
    file.resize((file.size() + alignment - 1) / alignment * alignment, '\0');
    return file + data_;
  }

 private:
  std::string header() const {
    return "GGUF" + gguf_bytes(version) + gguf_bytes(tensor_count.value_or(tensors_written_)) +
           gguf_bytes(key_count.value_or(keys_written_)) + keys_ + table_;
  }

  std::string keys_, table_, data_;
  uint64_t keys_written_ = 0, tensors_written_ = 0;
};

}  // namespace understudy
