// What the Unicode Character Database says of a code point (utf8proc's edition; 2.8 has Unicode 14).
#pragma once

#include <string>

namespace understudy {

bool is_space(char32_t code);  // Python's str.isspace(): White_Space and U+001C to U+001F
bool is_digit(char32_t code);
bool is_letter(char32_t code);
bool is_upper(char32_t code);
bool is_lower(char32_t code);
bool is_punctuation(char32_t code);
bool is_nonspacing_mark(char32_t code);  // an accent
bool is_control(char32_t code);          // control, format and private use characters
bool is_printable(char32_t code);        // Python's str.isprintable()

// Simple case mappings, and the full ones in common use: upper of U+00DF is SS, lower of U+0130 is i with
// U+0307.
void append_upper(std::string& text, char32_t code);
void append_lower(std::string& text, char32_t code);

}  // namespace understudy
