// What SentencePiece writes for a space.
#pragma once

#include <string>
#include <string_view>

namespace understudy {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

// `text` with a space for each kSpaceMark.
std::string spaces_for_marks(std::string_view text);

}  // namespace understudy
