// Unicode Normalization Forms C and D (UAX #15). O(n log n) for any input: utf8proc's own canonical ordering
// is quadratic in the length of a run of combining marks, so only its tables and its (linear) composition are
// used.
#pragma once

#include <string>
#include <string_view>

namespace understudy {

// `text`, which must be valid UTF-8, composed or decomposed.
std::string to_nfc(std::string_view text);
std::string to_nfd(std::string_view text);

}  // namespace understudy
