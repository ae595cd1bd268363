#include "formats/hf/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "formats/limits.h"

namespace understudy {

namespace json = boost::json;

namespace {

std::string shown(const json::value& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("an array of {}", value.get_array().size());
  if (value.is_string() && value.get_string().size() > kMaxShownBytes)
    return fmt::format("a text of {} bytes", value.get_string().size());
  return json::serialize(value);
}

bool is_integer(const json::value& value) {
  return value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= INT32_MAX;
}

}  // namespace

HfConfig::HfConfig(const json::object& object, std::string path)
    : HfConfig(object, std::move(path), "", std::make_shared<Status>()) {}

HfConfig::HfConfig(const json::object& object, std::string path, std::string prefix,
                   std::shared_ptr<Status> status)
    : object_(&object), path_(std::move(path)), prefix_(std::move(prefix)), status_(std::move(status)) {}

const json::value* HfConfig::find(std::string_view key) const {
  const json::value* value = object_->if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void HfConfig::fail(ErrorCode code, std::string_view key, const std::string& expected,
                    const std::string& found) {
  if (!ok()) return;
  *status_ =
      Error{code, fmt::format("{}{}: expected {}, found {}", prefix_, key, expected, found), path_, ""};
}

void HfConfig::fail_type(std::string_view key, const std::string& expected, const json::value& found) {
  fail(ErrorCode::corrupt, key, expected, shown(found));
}

const json::value* HfConfig::require(std::string_view key, const char* expected) {
  const json::value* value = find(key);
  if (value == nullptr) fail(ErrorCode::corrupt, key, expected, "no such key");
  return value;
}

int64_t HfConfig::integer(std::string_view key) {
  constexpr const char* kExpected = "an integer from 0 to 2^31-1";
  const json::value* value = require(key, kExpected);
  if (value == nullptr) return 1;
  if (is_integer(*value)) return value->get_int64();
  fail_type(key, kExpected, *value);
  return 1;
}

int64_t HfConfig::integer_or(std::string_view key, int64_t fallback) {
  return has(key) ? integer(key) : fallback;
}

double HfConfig::real(std::string_view key) {
  const json::value* value = require(key, "a number");
  if (value == nullptr) return 1;
  if (value->is_number()) return value->to_number<double>();
  fail_type(key, "a number", *value);
  return 1;
}

double HfConfig::real_or(std::string_view key, double fallback) { return has(key) ? real(key) : fallback; }

bool HfConfig::flag_or(std::string_view key, bool fallback) {
  const json::value* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_bool()) return value->get_bool();
  fail_type(key, "true or false", *value);
  return fallback;
}

std::string HfConfig::text(std::string_view key) {
  const json::value* value = require(key, "a text");
  if (value == nullptr) return "";
  if (value->is_string() && value->get_string().size() <= kMaxShownBytes)
    return std::string(value->get_string());
  fail_type(key, "a text", *value);
  return "";
}

std::string HfConfig::text_or(std::string_view key, std::string fallback) {
  return has(key) ? text(key) : fallback;
}

std::vector<std::string> HfConfig::texts(std::string_view key) {
  std::vector<std::string> texts;
  const json::value* value = require(key, "an array of texts");
  if (value == nullptr) return texts;
  const bool fits = value->is_array() && value->get_array().size() <= kMaxHfLayers;
  if (!fits || !std::all_of(value->get_array().begin(), value->get_array().end(),
                            [](const json::value& v) { return v.is_string(); })) {
    fail_type(key, fmt::format("an array of at most {} texts", kMaxHfLayers), *value);
    return texts;
  }
  for (const json::value& text : value->get_array()) texts.emplace_back(text.get_string());
  return texts;
}

std::vector<int64_t> HfConfig::integers(std::string_view key) {
  const json::value* value = require(key, "an integer or an array of integers");
  if (value == nullptr) return {};
  if (is_integer(*value)) return {value->get_int64()};
  const bool fits = value->is_array() && value->get_array().size() <= kMaxHfLayers;
  if (!fits || !std::all_of(value->get_array().begin(), value->get_array().end(), is_integer)) {
    fail_type(key, "an integer or an array of integers", *value);
    return {};
  }
  std::vector<int64_t> integers;
  for (const json::value& integer : value->get_array()) integers.push_back(integer.get_int64());
  return integers;
}

std::optional<HfConfig> HfConfig::object(std::string_view key) {
  const json::value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const json::object* object = value->if_object())
    return HfConfig(*object, path_, fmt::format("{}{}.", prefix_, key), status_);
  fail_type(key, "an object", *value);
  return std::nullopt;
}

void HfConfig::expect_text(std::string_view key, std::initializer_list<std::string_view> supported) {
  if (!has(key)) return;
  const std::string found = text(key);
  if (std::find(supported.begin(), supported.end(), found) != supported.end()) return;
  fail(ErrorCode::unsupported, key, fmt::format("{}", fmt::join(supported, " or ")), found);
}

void HfConfig::expect_flag(std::string_view key, bool supported) {
  if (flag_or(key, supported) == supported) return;
  fail(ErrorCode::unsupported, key, supported ? "true" : "false", supported ? "false" : "true");
}

void HfConfig::expect_absent(std::string_view key) {
  if (has(key)) fail(ErrorCode::unsupported, key, "null", shown(*find(key)));
}

}  // namespace understudy
