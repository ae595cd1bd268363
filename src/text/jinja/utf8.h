// Code points of UTF-8 text, as Python's str sees them. A byte that is not valid UTF-8 counts as one
// character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace understudy::jinja {

struct Char {
  char32_t code = 0;  // an invalid byte b gives kInvalidByte + b
  size_t size = 1;    // bytes
};
inline constexpr char32_t kInvalidByte = 0x110000;

Char decode_char(std::string_view text, size_t at);
// Start of the character that ends before byte `end` (end > 0).
size_t previous_char(std::string_view text, size_t end);
size_t count_chars(std::string_view text);
void append_utf8(std::string& out, char32_t code);

bool is_space(char32_t code);  // Python's str.isspace()
bool is_digit(char32_t code);
bool is_letter(char32_t code);
bool is_upper(char32_t code);
bool is_lower(char32_t code);
bool is_printable(char32_t code);  // not escaped by repr()

// Simple case mappings of the Unicode Character Database, and the one full mapping in common use: upper of
// U+00DF is SS.
void append_upper(std::string& out, char32_t code);
void append_lower(std::string& out, char32_t code);

}  // namespace understudy::jinja
