// A file's contents replaced as a whole: whenever the machine stops, the file holds what it held before or all of
// the new bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// Writes the parts, one behind the other, to "<path>.part", makes them durable, and gives the file its name (mode
// 0600). One writer at a time. Error{io}.
Status replace_file(const std::string& path, std::span<const std::string_view> parts);
inline Status replace_file(const std::string& path, std::string_view text) {
  return replace_file(path, std::span(&text, 1));
}

}  // namespace understudy
