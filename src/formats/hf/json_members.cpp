#include "formats/hf/json_members.h"

#include <boost/json.hpp>

namespace understudy {

namespace json = boost::json;

const json::value* member_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string_view text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

bool flag_of(const json::object& object, std::string_view key, bool fallback) {
  const json::value* value = object.if_contains(key);
  return value && value->is_bool() ? value->get_bool() : fallback;
}

std::string shown_json(const json::value* value) {
  constexpr size_t kMaxBytes = 4 * kMaxShownBytes;
  if (value == nullptr || value->is_null()) return "none";
  std::string text = json::serialize(*value);
  return text.size() <= kMaxBytes ? text : text.substr(0, kMaxBytes) + "...";
}

}  // namespace understudy
