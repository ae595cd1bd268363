#include "formats/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <optional>

#include "base/checked.h"
#include "base/json.h"
#include "formats/limits.h"

namespace understudy {

namespace {

namespace json = boost::json;

constexpr size_t kMaxHeaderDepth = 3;  // file, tensor, shape
constexpr std::string_view kMetadataKey = "__metadata__";

struct ElementType {
  std::string_view name;
  int64_t bits;
  std::optional<DType> dtype;  // none: foreign
};

constexpr ElementType kElementTypes[] = {
    {"F32", 32, DType::f32},      {"F16", 16, DType::f16},      {"BF16", 16, DType::bf16},
    {"BOOL", 8, std::nullopt},    {"U8", 8, std::nullopt},      {"I8", 8, std::nullopt},
    {"F8_E4M3", 8, std::nullopt}, {"F8_E5M2", 8, std::nullopt}, {"F8_E8M0", 8, std::nullopt},
    {"F4", 4, std::nullopt},      {"U16", 16, std::nullopt},    {"I16", 16, std::nullopt},
    {"U32", 32, std::nullopt},    {"I32", 32, std::nullopt},    {"U64", 64, std::nullopt},
    {"I64", 64, std::nullopt},    {"F64", 64, std::nullopt},    {"C64", 64, std::nullopt},
};

// One tensor of the header, checked in itself.
struct Entry {
  std::string_view name;
  const ElementType* type = nullptr;
  std::vector<int64_t> shape;  // as in the file: contiguous axis last
  uint64_t begin = 0, end = 0;
};

Error corrupt(std::string what, std::string where) {
  return {ErrorCode::corrupt, std::move(what), std::move(where),
          "The file is damaged or incomplete; get it again"};
}

class HeaderReader {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  Result<Entry> entry(std::string_view name, const json::value& value) {
    Entry entry;
    RETURN_IF_ERROR(check_name(name));
    entry.name = name;
    const json::object* object = value.if_object();
    const json::value* type = object ? object->if_contains("dtype") : nullptr;
    const json::value* shape = object ? object->if_contains("shape") : nullptr;
    const json::value* offsets = object ? object->if_contains("data_offsets") : nullptr;
    if (!type || !type->is_string() || !shape || !shape->is_array() || !offsets || !offsets->is_array() ||
        object->size() != 3) {
      return corrupt("expected dtype (a string), shape and data_offsets (arrays) and nothing else",
                     where(name));
    }
    ASSIGN_OR_RETURN(entry.type, element_type(name, type->get_string()));
    ASSIGN_OR_RETURN(entry.shape, read_shape(name, shape->get_array()));
    RETURN_IF_ERROR(read_offsets(entry, offsets->get_array()));
    return entry;
  }

  std::string where(std::string_view name) const { return path_ + ", tensor " + std::string(name); }

 private:
  Status check_name(std::string_view name) const {
    if (name.empty() || name.size() > kMaxHfTensorNameBytes) {
      return Error{ErrorCode::unsupported,
                   fmt::format("a tensor's name: expected 1 to {} bytes, found {}", kMaxHfTensorNameBytes,
                               name.size()),
                   path_, ""};
    }
    if (std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; })) return {};
    return corrupt("a tensor's name: expected printable ASCII", path_);
  }

  Result<const ElementType*> element_type(std::string_view name, std::string_view text) const {
    for (const ElementType& type : kElementTypes) {
      if (type.name == text) return &type;
    }
    return Error{ErrorCode::unsupported,
                 fmt::format("element type: expected F32, F16 or BF16, found {}",
                             json::serialize(json::string(text.substr(0, kMaxShownBytes)))),
                 where(name), ""};
  }

  // A whole number from `min` to 2^63-1.
  static std::optional<int64_t> number(const json::value& value, int64_t min) {
    const int64_t* integer = value.if_int64();
    if (integer == nullptr || *integer < min) return std::nullopt;
    return *integer;
  }

  Result<std::vector<int64_t>> read_shape(std::string_view name, const json::array& axes) const {
    if (axes.size() > kMaxTensorAxes) {
      return Error{ErrorCode::unsupported,
                   fmt::format("shape: expected at most {} axes, found {}", kMaxTensorAxes, axes.size()),
                   where(name), ""};
    }
    std::vector<int64_t> shape;
    for (const json::value& axis : axes) {
      const auto length = number(axis, 1);
      if (!length) {
        return corrupt(fmt::format("shape: expected lengths of 1 to 2^63-1, found {}", json::serialize(axis)),
                       where(name));
      }
      shape.push_back(*length);
    }
    return shape;
  }

  Status read_offsets(Entry& entry, const json::array& offsets) const {
    const auto begin = offsets.size() == 2 ? number(offsets[0], 0) : std::nullopt;
    const auto end = offsets.size() == 2 ? number(offsets[1], 0) : std::nullopt;
    if (!begin || !end || *begin > *end) {
      return corrupt("data_offsets: expected two numbers, begin and end", where(entry.name));
    }
    std::optional<int64_t> bits = entry.type->bits;
    for (int64_t length : entry.shape) {
      if (bits) bits = checked_mul(*bits, length);
    }
    if (!bits || *bits % 8 != 0 || *bits / 8 != *end - *begin) {
      return corrupt(fmt::format("data_offsets hold {} bytes, shape [{}] in {} needs {}", *end - *begin,
                                 fmt::join(entry.shape, ", "), entry.type->name,
                                 bits ? std::to_string(*bits / 8) : "more than 2^60"),
                     where(entry.name));
    }
    entry.begin = static_cast<uint64_t>(*begin);
    entry.end = static_cast<uint64_t>(*end);
    return {};
  }

  const std::string& path_;
};

Result<json::value> parse_header(std::span<const std::byte> bytes, const std::string& path) {
  uint64_t size = 0;
  if (bytes.size() < sizeof(size)) {
    return corrupt(fmt::format("not a safetensors file: it has {} bytes", bytes.size()), path);
  }
  std::memcpy(&size, bytes.data(), sizeof(size));
  const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + sizeof(size),
                              bytes.size() - sizeof(size));
  if (size > rest.size() || !rest.starts_with('{')) {
    return corrupt(fmt::format("not a whole safetensors file: expected a header of {} bytes that starts with "
                               "{{, found {} bytes",
                               size, rest.size()),
                   path);
  }
  if (size > kMaxSafetensorsHeaderBytes) {
    return Error{
        ErrorCode::unsupported,
        fmt::format("the header: expected at most {} bytes, found {}", kMaxSafetensorsHeaderBytes, size),
        path, "Save the model in smaller shards"};
  }
  auto header = parse_json(rest.substr(0, size), {.max_depth = kMaxHeaderDepth});
  if (header.ok()) return header;
  return Error{header.error().code == ErrorCode::exhausted ? ErrorCode::exhausted : ErrorCode::corrupt,
               "the header: " + header.error().what, path + ", " + header.error().where, ""};
}

Result<std::vector<Entry>> read_entries(const json::object& header, HeaderReader& reader) {
  std::vector<Entry> entries;
  entries.reserve(header.size());
  for (const auto& [key, value] : header) {
    if (key == kMetadataKey) continue;
    ASSIGN_OR_RETURN(Entry entry, reader.entry(key, value));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  return entries;
}

// Every byte of the data belongs to exactly one tensor.
Status check_cover(const std::vector<Entry>& entries, uint64_t data_bytes, const HeaderReader& reader,
                   const std::string& path) {
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.end > data_bytes) {
      return corrupt(fmt::format("the tensor lies outside the file: it ends at byte {} of {} bytes of data",
                                 entry.end, data_bytes),
                     reader.where(entry.name));
    }
    if (entry.begin != covered) {
      return corrupt(
          fmt::format("data_offsets: expected the tensor to begin at {}, where the one before it ends, found "
                      "{}",
                      covered, entry.begin),
          reader.where(entry.name));
    }
    covered = entry.end;
  }
  if (covered == data_bytes) return {};
  return corrupt(fmt::format("expected {} bytes of data, found {}", covered, data_bytes), path);
}

// What else __metadata__ may hold says nothing about the tensors.
std::map<std::string, std::string, std::less<>> read_texts(const json::object& header) {
  std::map<std::string, std::string, std::less<>> texts;
  const json::value* metadata = header.if_contains(kMetadataKey);
  if (metadata == nullptr || !metadata->is_object()) return texts;
  for (const auto& [key, value] : metadata->get_object()) {
    if (value.is_string()) texts.emplace(key, value.get_string());
  }
  return texts;
}

}  // namespace

Result<SafetensorsFile> read_safetensors(std::span<const std::byte> bytes, const std::string& path) {
  ASSIGN_OR_RETURN(const json::value header, parse_header(bytes, path));
  const json::object* object = header.if_object();
  if (object == nullptr) return corrupt("the header: expected an object", path);
  HeaderReader reader(path);
  ASSIGN_OR_RETURN(std::vector<Entry> entries, read_entries(*object, reader));

  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  const auto data = bytes.subspan(sizeof(header_bytes) + header_bytes);
  RETURN_IF_ERROR(check_cover(entries, data.size(), reader, path));

  SafetensorsFile file;
  file.metadata = read_texts(*object);
  file.tensors.reserve(entries.size());
  for (Entry& entry : entries) {
    if (!entry.type->dtype) {
      file.foreign.push_back({std::string(entry.name), std::string(entry.type->name)});
      continue;
    }
    std::reverse(entry.shape.begin(), entry.shape.end());
    if (entry.shape.empty()) entry.shape = {1};
    file.tensors.push_back({std::string(entry.name), *entry.type->dtype, std::move(entry.shape),
                            data.subspan(entry.begin, entry.end - entry.begin)});
  }
  return file;
}

}  // namespace understudy
