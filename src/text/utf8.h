// UTF-8, one character at a time. Invalid input is handled as Python's bytes.decode('utf-8',
// errors='replace') and the Unicode Standard (section 3.9, "U+FFFD Substitution of Maximal Subparts") do:
// each maximal invalid subpart counts as one U+FFFD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

struct Utf8Char {
  enum class State { complete, incomplete, invalid };  // incomplete: the text ends inside a character
  State state = State::complete;
  uint32_t length = 0;     // bytes; of the maximal subpart unless complete
  char32_t code = 0xFFFD;  // U+FFFD unless complete
};

// The character at the start of `text`, which must not be empty.
Utf8Char first_utf8_char(std::string_view text);

void append_utf8(std::string& text, char32_t code);  // code: a Unicode scalar value

bool is_valid_utf8(std::string_view text);

// `text` with one U+FFFD for each maximal invalid subpart.
std::string to_valid_utf8(std::string_view text);

// Number of characters of valid UTF-8.
size_t count_utf8_chars(std::string_view text);

// `text` for people: white space as single spaces, cut at a character with "..." if it is longer than `bytes` (>= 3).
std::string one_line(std::string_view text, size_t bytes);

}  // namespace understudy
