#include "gateway/upstream/json_member.h"

#include <boost/json.hpp>
#include <vector>

namespace understudy {
namespace {

// A string literal from its opening quote at `at`; empty if it does not end.
std::string_view string_at(std::string_view json, size_t at) {
  for (size_t i = at + 1; i < json.size(); i++) {
    if (json[i] == '\\') {
      i++;
    } else if (json[i] == '"') {
      return json.substr(at, i + 1 - at);
    }
  }
  return {};
}

size_t skip_space(std::string_view json, size_t at) {
  return std::min(json.find_first_not_of(" \t\r\n", at), json.size());
}

// The literals of the object's own string members of that name, in order.
std::vector<std::string_view> values_of(std::string_view json, std::string_view name) {
  std::vector<std::string_view> found;
  const size_t begin = skip_space(json, 0);
  if (begin == json.size() || json[begin] != '{') return found;
  const std::string quoted = '"' + std::string(name) + '"';
  int depth = 0;
  for (size_t i = begin; i < json.size(); i++) {
    if (json[i] == '{' || json[i] == '[') depth++;
    if (json[i] == '}' || json[i] == ']') depth--;
    if (json[i] != '"') continue;
    const std::string_view literal = string_at(json, i);
    if (literal.empty()) return found;
    i += literal.size() - 1;
    if (depth != 1 || literal != quoted) continue;
    const size_t colon = skip_space(json, i + 1);
    if (colon == json.size() || json[colon] != ':') continue;  // a value that reads like the name
    const size_t value = skip_space(json, colon + 1);
    if (value == json.size() || json[value] != '"') continue;
    const std::string_view text = string_at(json, value);
    if (text.empty()) return found;
    found.push_back(text);
    i = value + text.size() - 1;
  }
  return found;
}

}  // namespace

std::optional<std::string> string_member(std::string_view json, std::string_view name) {
  const auto found = values_of(json, name);
  if (found.empty()) return std::nullopt;
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(found.back(), error);
  if (error || !value.is_string()) return std::nullopt;
  return std::string(value.get_string());
}

std::string with_string_member(std::string_view json, std::string_view name, std::string_view value) {
  const std::string literal = boost::json::serialize(boost::json::value(value));
  std::string text;
  size_t copied = 0;
  for (const std::string_view old : values_of(json, name)) {
    const auto at = static_cast<size_t>(old.data() - json.data());
    text.append(json.substr(copied, at - copied)).append(literal);
    copied = at + old.size();
  }
  return text.append(json.substr(copied));
}

}  // namespace understudy
