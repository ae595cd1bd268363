#include "text/jinja/string_literal.h"

#include <charconv>

#include "text/jinja/characters.h"

namespace understudy::jinja {
namespace {

Error bad_escape(std::string_view escape) {
  return {ErrorCode::corrupt, "a string holds the bad escape '\\" + std::string(escape) + "'", "",
          "The model file's chat template is not valid Jinja"};
}

// \n and its like; '\0' for letters that are no such escape.
char simple_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return '\0';
  }
}

size_t hex_digits(char c) { return c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0; }

}  // namespace

Result<std::string> unescape_string(std::string_view body) {
  std::string text;
  text.reserve(body.size());
  for (size_t at = 0; at < body.size();) {
    if (body[at] != '\\' || at + 1 == body.size()) {
      text += body[at++];
      continue;
    }
    const char c = body[at + 1];
    const size_t digits = hex_digits(c);
    if (const char simple = simple_escape(c)) {
      text += simple;
      at += 2;
    } else if (c == '\n') {
      at += 2;  // a continued line
    } else if (c >= '0' && c <= '7') {
      unsigned code = 0;
      size_t end = at + 1;
      for (; end < body.size() && end < at + 4 && body[end] >= '0' && body[end] <= '7'; ++end)
        code = code * 8 + static_cast<unsigned>(body[end] - '0');
      append_utf8(text, code);
      at = end;
    } else if (digits > 0) {
      const std::string_view escape = body.substr(at + 1, 1 + digits);
      uint32_t code = 0;
      const char* end = escape.data() + escape.size();
      const auto parsed = std::from_chars(escape.data() + 1, end, code, 16);
      const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
      if (escape.size() != 1 + digits || parsed.ptr != end || code > 0x10FFFF || surrogate)
        return bad_escape(escape);
      append_utf8(text, code);
      at += 2 + digits;
    } else if (c == 'N') {
      return Error{ErrorCode::unsupported, "a string names a character with \\N{…}, which is not supported",
                   "", ""};
    } else {
      text += body[at++];  // Python keeps the backslash of an unknown escape
    }
  }
  return text;
}

}  // namespace understudy::jinja
