#include "text/jinja/characters.h"

namespace understudy::jinja {

size_t previous_char(std::string_view text, size_t end) {
  for (size_t length = 1; length <= 4 && length <= end; ++length) {
    if ((static_cast<unsigned char>(text[end - length]) & 0xC0) == 0x80) continue;  // a continuation byte
    if (decode_char(text, end - length).length == length) return end - length;
    break;
  }
  return end - 1;
}

size_t count_chars(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += decode_char(text, at).length;
  return count;
}

}  // namespace understudy::jinja
