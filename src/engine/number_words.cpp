#include "engine/number_words.h"

#include <algorithm>
#include <array>

namespace understudy {

namespace {

constexpr std::array<std::string_view, 8> kTens{"twent", "thirt",  "fort",  "fift",
                                                "sixt",  "sevent", "eight", "ninet"};

// 1 to 19.
std::optional<uint64_t> value_of_units(std::string_view word) {
  constexpr std::array<std::string_view, 19> kNumbers{
      "one",     "two",     "three",     "four",     "five",    "six",      "seven",
      "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen", "fourteen",
      "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  constexpr std::array<std::string_view, 12> kOrdinals{"first", "second", "third",    "fourth",
                                                       "fifth", "sixth",  "seventh",  "eighth",
                                                       "ninth", "tenth",  "eleventh", "twelfth"};
  if (word.ends_with("teenth")) word.remove_suffix(2);
  if (const auto it = std::find(kNumbers.begin(), kNumbers.end(), word); it != kNumbers.end())
    return it - kNumbers.begin() + 1;
  if (const auto it = std::find(kOrdinals.begin(), kOrdinals.end(), word); it != kOrdinals.end())
    return it - kOrdinals.begin() + 1;
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> value_of_number_word(std::string_view word) {
  for (size_t i = 0; i < kTens.size(); i++) {
    if (!word.starts_with(kTens[i])) continue;
    const std::string_view end = word.substr(kTens[i].size());
    const uint64_t tens = 10 * (i + 2);
    if (end == "y" || end == "ieth") return tens;
    if (!end.starts_with("y-")) continue;
    const auto units = value_of_units(end.substr(2));
    return units ? std::optional(tens + *units) : std::nullopt;
  }
  return value_of_units(word);
}

bool is_word_of_tens(std::string_view word) {
  return word.ends_with('y') &&
         std::find(kTens.begin(), kTens.end(), word.substr(0, word.size() - 1)) != kTens.end();
}

}  // namespace understudy
