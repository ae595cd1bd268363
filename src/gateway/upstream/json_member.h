// One member of a JSON object, found and replaced in the text itself, so that all other bytes stay as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace understudy {

// The string value of the object's last member of that name, unescaped. nullopt if there is none, it is no string, or
// the text is no object as far as the member. `name` must need no escapes.
std::optional<std::string> string_member(std::string_view json, std::string_view name);

// The text with every member of that name and a string value set to `value`; the same text if there is none.
std::string with_string_member(std::string_view json, std::string_view name, std::string_view value);

}  // namespace understudy
