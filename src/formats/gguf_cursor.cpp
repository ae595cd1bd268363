#include "formats/gguf_cursor.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/limits.h"

namespace understudy {

GgufCursor::GgufCursor(std::span<const std::byte> bytes, std::string path)
    : bytes_(bytes), path_(std::move(path)), budget_bytes_(bytes.size() + kDecodeSlackBytes) {}

Result<std::string_view> GgufCursor::text(std::string_view part, uint64_t max_bytes) {
  ASSIGN_OR_RETURN(uint64_t length, number<uint64_t>(part));
  if (length > max_bytes) {
    return corrupt(
        fmt::format("the {} is too long: expected at most {} bytes, found {}", part, max_bytes, length));
  }
  if (length > remaining()) return ends_early(part, length);
  std::string_view view(reinterpret_cast<const char*>(bytes_.data()) + offset_, length);
  offset_ += length;
  return view;
}

Result<std::string> GgufCursor::name(uint64_t max_bytes) {
  ASSIGN_OR_RETURN(std::string_view view, text("name", max_bytes));
  if (view.empty()) return corrupt("expected a name, found an empty string");
  if (!std::all_of(view.begin(), view.end(), [](char c) { return c >= 0x20 && c <= 0x7e; })) {
    return corrupt("expected a name in printable ASCII, found other bytes");
  }
  return std::string(view);
}

Status GgufCursor::charge(uint64_t bytes) {
  if (bytes <= budget_bytes_) {
    budget_bytes_ -= bytes;
    return {};
  }
  return error(ErrorCode::unsupported,
               fmt::format("decoding would take more memory than the file's {} bytes plus {} MiB",
                           bytes_.size(), kDecodeSlackBytes >> 20),
               "No model needs this; the file is damaged or made to exhaust memory");
}

Error GgufCursor::error(ErrorCode code, std::string what, std::string_view hint) const {
  std::string where = subject_.empty() ? path_ : fmt::format("{}: {}", path_, subject_);
  return Error{code, std::move(what), std::move(where), std::string(hint)};
}

Error GgufCursor::corrupt(std::string what) const {
  return error(ErrorCode::corrupt, std::move(what),
               "The file is damaged or incomplete, or its writer is at fault; download or convert it again");
}

Error GgufCursor::ends_early(std::string_view part, uint64_t needed) const {
  return corrupt(fmt::format("the file ends inside the {}: expected {} bytes at offset {}, found {}", part,
                             needed, offset_, remaining()));
}

}  // namespace understudy
