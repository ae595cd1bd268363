// Characters of a text by byte position. What is not UTF-8 counts as text/utf8.h says.
#pragma once

#include <string_view>

#include "text/utf8.h"

namespace understudy::jinja {

inline Utf8Char decode_char(std::string_view text, size_t at) { return first_utf8_char(text.substr(at)); }

// Start of the character that ends before byte `end` (end > 0).
size_t previous_char(std::string_view text, size_t end);

size_t count_chars(std::string_view text);

}  // namespace understudy::jinja
