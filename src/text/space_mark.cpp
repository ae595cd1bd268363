#include "text/space_mark.h"

namespace understudy {

std::string spaces_for_marks(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const size_t mark = text.find(kSpaceMark);
    plain += text.substr(0, mark);
    if (mark == std::string_view::npos) break;
    plain += ' ';
    text.remove_prefix(mark + kSpaceMark.size());
  }
  return plain;
}

}  // namespace understudy
