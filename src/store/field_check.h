// The rule for the short texts of a row.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// Error{invalid_argument} naming the field unless `text` is UTF-8 without NUL (PostgreSQL's text holds none) of at
// most kMaxFieldBytes.
Status check_field(const std::string& name, std::string_view text);

// `text` made to keep that rule: U+FFFD for a NUL and for bytes that are not UTF-8, and cut between characters. For
// texts that nobody chose, such as an upstream's error.
std::string made_field(std::string_view text);

}  // namespace understudy
