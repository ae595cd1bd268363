#include "formats/gguf_metadata.h"

#include <fmt/format.h>

#include <type_traits>

#include "formats/limits.h"

namespace understudy {

namespace {

constexpr uint64_t kMinPairBytes = 8 + 1 + 4 + 1;  // key length, key, type, value
// Memory of a map node beside its key's characters, allocator overhead included.
constexpr uint64_t kPairCost = sizeof(std::string) + sizeof(MetaValue) + 64;

// The most that an allocator hands out beyond what it was asked for (glibc: multiples of 16), and a final
// NUL.
constexpr uint64_t kHeapRounding = 16;

constexpr uint32_t kArray = 9;
constexpr uint64_t kAnyLength = UINT64_MAX;  // of a string: the end of the file is the limit

template <typename T>
struct Tag {};

// Calls visit(Tag<T>) with the C++ type of a value type other than array; not at all if the number is
// unknown. Numbers: gguf_metadata_value_type in the specification.
template <typename Visit>
void visit_type(uint32_t type, Visit visit) {
  switch (type) {
    case 0:
      return visit(Tag<uint8_t>());
    case 1:
      return visit(Tag<int8_t>());
    case 2:
      return visit(Tag<uint16_t>());
    case 3:
      return visit(Tag<int16_t>());
    case 4:
      return visit(Tag<uint32_t>());
    case 5:
      return visit(Tag<int32_t>());
    case 6:
      return visit(Tag<float>());
    case 7:
      return visit(Tag<bool>());
    case 8:
      return visit(Tag<std::string>());
    case 10:
      return visit(Tag<uint64_t>());
    case 11:
      return visit(Tag<int64_t>());
    case 12:
      return visit(Tag<double>());
  }
}

// How a value of file type T arrives in a MetaValue.
template <typename T>
using Decoded = std::conditional_t<std::is_same_v<T, bool> || std::is_same_v<T, std::string>, T,
                                   std::conditional_t<std::is_integral_v<T>, int64_t, double>>;

template <typename T>
Result<Decoded<T>> read_one(GgufCursor& cursor) {
  if constexpr (std::is_same_v<T, std::string>) {
    ASSIGN_OR_RETURN(std::string_view text, cursor.text("string", kAnyLength));
    if (text.size() > std::string().capacity()) RETURN_IF_ERROR(cursor.charge(text.size() + kHeapRounding));
    return std::string(text);
  } else if constexpr (std::is_same_v<T, bool>) {
    ASSIGN_OR_RETURN(uint8_t value, cursor.number<uint8_t>("bool"));
    if (value > 1) return cursor.corrupt(fmt::format("a bool: expected 0 or 1, found {}", value));
    return value == 1;
  } else {
    ASSIGN_OR_RETURN(T value, cursor.number<T>("value"));
    if constexpr (std::is_same_v<T, uint64_t>) {
      if (value > INT64_MAX) {
        return cursor.corrupt(fmt::format("an integer: expected at most 2^63-1, found {}", value));
      }
    }
    return static_cast<Decoded<T>>(value);
  }
}

template <typename T>
Result<MetaValue> read_elements(GgufCursor& cursor, uint64_t count) {
  constexpr uint64_t kMinBytes = std::is_same_v<T, std::string> ? sizeof(uint64_t) : sizeof(T);
  if (count > cursor.remaining() / kMinBytes) {
    return cursor.corrupt(
        fmt::format("the array is longer than the file: {} elements of at least {} bytes, found {}", count,
                    kMinBytes, cursor.remaining()));
  }
  RETURN_IF_ERROR(cursor.charge(count * sizeof(Decoded<T>)));
  std::vector<Decoded<T>> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(Decoded<T> value, read_one<T>(cursor));
    values.push_back(std::move(value));
  }
  return MetaValue(std::move(values));
}

Result<MetaValue> read_array(GgufCursor& cursor) {
  ASSIGN_OR_RETURN(uint32_t type, cursor.number<uint32_t>("array's element type"));
  ASSIGN_OR_RETURN(uint64_t count, cursor.number<uint64_t>("array's length"));
  if (type == kArray) {
    return cursor.error(ErrorCode::unsupported, "an array of arrays",
                        "No supported model needs nested arrays");
  }
  Result<MetaValue> value = cursor.corrupt(fmt::format("unknown array element type {}", type));
  visit_type(type, [&]<typename T>(Tag<T>) { value = read_elements<T>(cursor, count); });
  return value;
}

Result<MetaValue> read_value(GgufCursor& cursor) {
  ASSIGN_OR_RETURN(uint32_t type, cursor.number<uint32_t>("value type"));
  if (type == kArray) return read_array(cursor);
  Result<MetaValue> value = cursor.corrupt(fmt::format("unknown value type {}", type));
  visit_type(type, [&]<typename T>(Tag<T>) {
    auto one = read_one<T>(cursor);
    value = one.ok() ? Result<MetaValue>(std::move(*one)) : one.error();
  });
  return value;
}

}  // namespace

Result<Metadata> read_gguf_metadata(GgufCursor& cursor, uint64_t count) {
  if (count > cursor.remaining() / kMinPairBytes) {
    return cursor.corrupt(
        fmt::format("the file cannot hold the {} metadata keys that its header claims", count));
  }
  Metadata metadata;
  for (uint64_t i = 0; i < count; ++i) {
    cursor.set_subject(fmt::format("key {} of {}", i + 1, count));
    ASSIGN_OR_RETURN(std::string key, cursor.name(kMaxKeyBytes));
    cursor.set_subject("key " + key.substr(0, kMaxShownBytes));
    if (metadata.has(key)) return cursor.corrupt("the key appears twice");
    ASSIGN_OR_RETURN(MetaValue value, read_value(cursor));
    RETURN_IF_ERROR(cursor.charge(kPairCost + key.size()));
    metadata.set(std::move(key), std::move(value));
  }
  cursor.set_subject("");
  return metadata;
}

}  // namespace understudy
