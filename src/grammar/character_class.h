// Sets of characters as regular expressions write them: [a-z\d], \w, \u{1f600}, \p{Lu}.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace understudy {

using CharacterSet = std::vector<std::pair<uint32_t, uint32_t>>;  // ascending, disjoint, ends included

CharacterSet any_character();  // all but surrogates
CharacterSet inverted(const CharacterSet& set);
bool contains(const CharacterSet& set, uint32_t character);

// Both advance `at`. Errors: unsupported, naming the construct and its byte.
Result<CharacterSet> character_class(std::string_view pattern, size_t& at);  // at is behind the '['
Result<CharacterSet> escaped(std::string_view pattern, size_t& at);          // at is at the '\'

}  // namespace understudy
