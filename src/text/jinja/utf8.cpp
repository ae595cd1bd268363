#include "text/jinja/utf8.h"

#include <utf8proc.h>

namespace understudy::jinja {

Char decode_char(std::string_view text, size_t at) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at;
  utf8proc_int32_t code = 0;
  const auto size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  if (size <= 0) return {kInvalidByte + *bytes, 1};
  return {static_cast<char32_t>(code), static_cast<size_t>(size)};
}

size_t previous_char(std::string_view text, size_t end) {
  for (size_t size = 1; size <= 4 && size <= end; ++size) {
    if ((static_cast<unsigned char>(text[end - size]) & 0xC0) == 0x80) continue;  // a continuation byte
    if (decode_char(text, end - size).size == size) return end - size;
    break;
  }
  return end - 1;
}

size_t count_chars(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += decode_char(text, at).size;
  return count;
}

void append_utf8(std::string& out, char32_t code) {
  if (code >= kInvalidByte) {
    out += static_cast<char>(code - kInvalidByte);
    return;
  }
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

namespace {
utf8proc_category_t category(char32_t code) {
  return code < kInvalidByte ? utf8proc_category(static_cast<utf8proc_int32_t>(code)) : UTF8PROC_CATEGORY_CN;
}
}  // namespace

bool is_digit(char32_t code) { return category(code) == UTF8PROC_CATEGORY_ND; }
bool is_letter(char32_t code) {
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}
bool is_upper(char32_t code) { return category(code) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t code) { return category(code) == UTF8PROC_CATEGORY_LL; }

bool is_printable(char32_t code) {
  if (code == ' ') return true;
  const auto kind = category(code);
  return kind != UTF8PROC_CATEGORY_CN && kind < UTF8PROC_CATEGORY_ZS;
}

void append_upper(std::string& out, char32_t code) {
  if (code == 0xDF) {
    out += "SS";
  } else {
    append_utf8(out, code < kInvalidByte
                         ? static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code)))
                         : code);
  }
}

void append_lower(std::string& out, char32_t code) {
  append_utf8(out, code < kInvalidByte
                       ? static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)))
                       : code);
}

}  // namespace understudy::jinja
