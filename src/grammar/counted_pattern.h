// Patterns that say no more than which characters and how many, as "^[a-z0-9_]{1,500}$": bounds are counted while a text is
// read, which costs nothing; written out they are an automaton of 500 states.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "grammar/value_language.h"

namespace understudy {

struct CountedPattern {
  std::string unbounded;              // the texts of any length
  uint32_t low = 0, high = kEndless;  // code points of a text
};

// Of '^', characters and classes, exactly one of which is repeated {m,n} or {m,} times for many m or n, and '$'. What is
// repeated a fixed number of times stays as it is. nullopt: any other pattern, also one that is none.
std::optional<CountedPattern> counted_pattern(std::string_view pattern);

}  // namespace understudy
