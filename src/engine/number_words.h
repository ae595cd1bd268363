// Numbers in words, for counters that are written so ("the twenty-fourth one"). English only: other languages' are words like
// any others.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace understudy {

// "one" to "ninety-nine" and "first" to "ninety-ninth", in small letters.
std::optional<uint64_t> value_of_number_word(std::string_view word);

// "twenty" to "ninety", which a hyphen and another number may follow.
bool is_word_of_tens(std::string_view word);

}  // namespace understudy
