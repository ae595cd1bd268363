// Escapes of string literals, as Python's "unicode-escape" codec reads them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::jinja {

// `body`: between the quotes. An unknown escape keeps its backslash. Errors carry no position.
Result<std::string> unescape_string(std::string_view body);

}  // namespace understudy::jinja
