#include "store/field_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/limits.h"
#include "text/utf8.h"

namespace understudy {

Status check_field(const std::string& name, std::string_view text) {
  const auto refused = [&](std::string what) {
    return Error{ErrorCode::invalid_argument, std::move(what), name, ""};
  };
  if (text.size() > kMaxFieldBytes) {
    return refused(fmt::format("{} bytes; the limit is {}", text.size(), kMaxFieldBytes));
  }
  if (text.find('\0') != std::string_view::npos) return refused("the text holds a NUL");
  if (!is_valid_utf8(text)) return refused("the text is not UTF-8");
  return Status();
}

std::string made_field(std::string_view text) {
  std::string field;
  // A character has at most 4 bytes: more of the text cannot fit.
  for (const std::string valid = to_valid_utf8(text.substr(0, kMaxFieldBytes)); const char c : valid) {
    if (c == '\0') {
      field += kReplacementCharacter;
    } else {
      field += c;
    }
  }
  size_t end = std::min(field.size(), kMaxFieldBytes);
  while (end < field.size() && end > 0 && (static_cast<unsigned char>(field[end]) & 0xC0) == 0x80) --end;
  field.resize(end);
  return field;
}

}  // namespace understudy
