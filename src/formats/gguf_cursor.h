// GgufCursor: reads the primitives of a GGUF file that nobody trusts, in order. Never reads past the end;
// keeps the memory budget of decoding (limits.h); knows what is being read, so that every error names the
// file and the key or tensor. Not thread-safe; the bytes must outlive it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

class GgufCursor {
 public:
  GgufCursor(std::span<const std::byte> bytes, std::string path);

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& path() const { return path_; }
  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }

  // The next number of type T. `part` says what it is, for the error at the end of the file.
  template <typename T>
  Result<T> number(std::string_view part) {
    static_assert(std::endian::native == std::endian::little, "file bytes are copied as they are");
    if (remaining() < sizeof(T)) return ends_early(part, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }
  // A 64-bit length and as many bytes, as a view into the input. Any bytes may occur.
  Result<std::string_view> text(std::string_view part, uint64_t max_bytes);
  // A text that is not empty and printable ASCII, so that it can be shown.
  Result<std::string> name(uint64_t max_bytes);

  // Takes `bytes` of memory from the budget; to be called before the memory is allocated.
  Status charge(uint64_t bytes);

  // What is being read from here on: "key general.name". Empty: the file as a whole.
  void set_subject(std::string subject) { subject_ = std::move(subject); }
  Error error(ErrorCode code, std::string what, std::string_view hint) const;
  Error corrupt(std::string what) const;

 private:
  Error ends_early(std::string_view part, uint64_t needed) const;

  std::span<const std::byte> bytes_;
  std::string path_, subject_;
  size_t offset_ = 0;
  uint64_t budget_bytes_;
};

}  // namespace understudy
