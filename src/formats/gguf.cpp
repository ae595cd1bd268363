#include "formats/gguf.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/gguf_cursor.h"
#include "formats/gguf_metadata.h"
#include "formats/gguf_parts.h"
#include "formats/gguf_tensors.h"
#include "formats/limits.h"

namespace understudy {

namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF" as a little-endian number

Status check_version(GgufCursor& cursor) {
  auto magic = cursor.number<uint32_t>("magic");
  if (!magic.ok() || *magic != kMagic) {
    return cursor.error(
        ErrorCode::corrupt, "not a GGUF file: expected it to start with \"GGUF\"",
        "An error page or a Git LFS pointer saved as a model looks like this; download it again");
  }
  ASSIGN_OR_RETURN(uint32_t version, cursor.number<uint32_t>("version"));
  if (uint32_t swapped = __builtin_bswap32(version); swapped >= 1 && swapped <= 3) {
    return cursor.error(ErrorCode::unsupported, fmt::format("a big-endian GGUF file of version {}", swapped),
                        "Convert it to little-endian, or download the little-endian file");
  }
  if (version != 2 && version != 3) {
    return cursor.error(ErrorCode::unsupported,
                        fmt::format("GGUF version: expected 2 or 3, found {}", version),
                        "Convert the model with a current converter");
  }
  return {};
}

// The value of a key that says how to read the file, or `fallback` if there is none and a fallback is given.
template <typename T>
Result<T> setting(GgufCursor& cursor, const Metadata& metadata, std::string_view key,
                  std::optional<T> fallback) {
  cursor.set_subject(fmt::format("key {}", key));
  auto value = fallback ? metadata.get_or<T>(key, *fallback) : metadata.get<T>(key);
  if (!value.ok()) return cursor.corrupt(value.error().what);
  return value;
}

Result<std::string> architecture(GgufCursor& cursor, const Metadata& metadata) {
  ASSIGN_OR_RETURN(std::string name,
                   setting<std::string>(cursor, metadata, "general.architecture", std::nullopt));
  auto is_name = [](char c) { return c > 0x20 && c <= 0x7e; };
  if (name.empty() || name.size() > kMaxShownBytes || !std::all_of(name.begin(), name.end(), is_name)) {
    return cursor.corrupt(
        fmt::format("expected a name in printable ASCII, found a string of {} bytes", name.size()));
  }
  return name;
}

Result<uint64_t> alignment(GgufCursor& cursor, const Metadata& metadata) {
  ASSIGN_OR_RETURN(int64_t value, setting<int64_t>(cursor, metadata, "general.alignment", kDefaultAlignment));
  if (value < kMinAlignment || value > kMaxAlignment || (value & (value - 1)) != 0) {
    return cursor.corrupt(
        fmt::format("expected a power of two from {} to {}, found {}", kMinAlignment, kMaxAlignment, value));
  }
  return static_cast<uint64_t>(value);
}

Status check_whole(GgufCursor& cursor, int64_t parts) {
  if (parts <= 1) return {};
  cursor.set_subject("key split.count");
  return cursor.error(ErrorCode::unsupported,
                      fmt::format("this file is one of {} parts of a split model", parts),
                      "Open it by its path, with the other parts beside it");
}

Status index_tensors(GgufCursor& cursor, ModelFile& file) {
  file.index();
  for (const TensorView& tensor : file.tensors) {
    if (file.tensor(tensor.name) == &tensor) continue;
    cursor.set_subject("tensor " + tensor.name);
    return cursor.corrupt("two tensors have this name");
  }
  return {};
}

}  // namespace

Result<ModelFile> read_gguf(std::span<const std::byte> bytes, const std::string& name) {
  GgufCursor cursor(bytes, name);
  ASSIGN_OR_RETURN(GgufPart part, read_gguf_part(cursor));
  RETURN_IF_ERROR(check_whole(cursor, part.parts));
  return std::move(part.file);
}

Result<GgufPart> read_gguf_part(GgufCursor& cursor) {
  RETURN_IF_ERROR(check_version(cursor));
  ASSIGN_OR_RETURN(uint64_t tensor_count, cursor.number<uint64_t>("tensor count"));
  ASSIGN_OR_RETURN(uint64_t key_count, cursor.number<uint64_t>("key count"));
  GgufPart part;
  ModelFile& file = part.file;
  file.path = cursor.path();
  ASSIGN_OR_RETURN(file.metadata, read_gguf_metadata(cursor, key_count));
  ASSIGN_OR_RETURN(part.parts, setting<int64_t>(cursor, file.metadata, "split.count", 1));
  ASSIGN_OR_RETURN(part.number, setting<int64_t>(cursor, file.metadata, "split.no", 0));
  // Parts behind the first hold tensors and hardly a key.
  if (part.number == 0 || part.parts <= 1) {
    ASSIGN_OR_RETURN(file.architecture, architecture(cursor, file.metadata));
  }
  ASSIGN_OR_RETURN(uint64_t tensor_alignment, alignment(cursor, file.metadata));
  cursor.set_subject("");
  ASSIGN_OR_RETURN(file.tensors, read_gguf_tensors(cursor, tensor_count, tensor_alignment));
  RETURN_IF_ERROR(index_tensors(cursor, file));
  return part;
}

Result<ModelFile> read_gguf(const std::string& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> mapping, MappedFile::open(path));
  GgufCursor cursor(mapping->bytes(), path);
  ASSIGN_OR_RETURN(GgufPart part, read_gguf_part(cursor));
  if (part.parts > 1) return read_gguf_parts(path, part.parts);
  part.file.storage = std::move(mapping);
  return std::move(part.file);
}

}  // namespace understudy
