// The values of `format` that restrict strings, as regular expressions.
#pragma once

#include <optional>
#include <string_view>

namespace understudy {

// nullopt: a name that is only an annotation, or an unenforceable one.
std::optional<std::string_view> format_pattern(std::string_view name);
// Formats of the JSON Schema vocabulary that are no regular language, or one of Unicode's tables.
bool is_unenforceable_format(std::string_view name);

}  // namespace understudy
