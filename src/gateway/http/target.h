// Request targets.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

struct Target {
  std::string path;   // percent-decoded
  std::string query;  // as sent
};

// Origin form only ("/path?query", RFC 9112 section 3.2.1). Errors: another form, '%' without two hex digits,
// and paths that decode to control characters or to invalid UTF-8.
Result<Target> parse_target(std::string_view target);

}  // namespace understudy
