#include "gateway/routes/field_reader.h"

#include <fmt/format.h>

#include <cmath>

namespace understudy {

namespace json = boost::json;

Error field_error(std::string_view field, std::string what) {
  return {ErrorCode::invalid_argument, std::move(what), std::string(field), ""};
}

namespace {

// What a value looks like in an error message; long ones are cut.
std::string shown(const json::value& value) {
  constexpr size_t kLongest = 40;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  std::string text = json::serialize(value);
  return text.size() <= kLongest ? text : value.is_string() ? "a long string" : text.substr(0, kLongest);
}

// {}, [], "" and false ask for nothing.
bool says_nothing(const json::value& value) {
  if (value.is_object()) return value.get_object().empty();
  if (value.is_array()) return value.get_array().empty();
  if (value.is_bool()) return !value.get_bool();
  return value.is_string() && value.get_string().empty();
}

}  // namespace

const json::value* FieldReader::find(std::string_view field) {
  known_.insert(field);
  const json::value* value = object_.if_contains(field);
  return value && !value->is_null() ? value : nullptr;
}

Result<bool> FieldReader::boolean(std::string_view field, bool fallback) {
  const json::value* value = find(field);
  if (!value) return fallback;
  if (value->is_bool()) return value->get_bool();
  return field_error(path(field),
                     fmt::format("'{}' must be true or false, not {}", path(field), shown(*value)));
}

Result<double> FieldReader::number(std::string_view field, double fallback, Range range) {
  const json::value* value = find(field);
  if (!value) return fallback;
  if (value->is_number()) {
    double number = value->to_number<double>();
    bool above = range.low_excluded ? number > range.low : number >= range.low;
    if (std::isfinite(number) && above && number <= range.high) return number;
  }
  return field_error(
      path(field), fmt::format("'{}' must be a number {} {} to {}, not {}", path(field),
                               range.low_excluded ? "above" : "from", range.low, range.high, shown(*value)));
}

Result<int64_t> FieldReader::integer(std::string_view field, int64_t fallback, int64_t low, int64_t high) {
  const json::value* value = find(field);
  if (!value) return fallback;
  if (value->is_int64() && value->get_int64() >= low && value->get_int64() <= high) return value->get_int64();
  return field_error(path(field), fmt::format("'{}' must be a whole number from {} to {}, not {}",
                                              path(field), low, high, shown(*value)));
}

Result<std::string> FieldReader::string(std::string_view field, std::string fallback) {
  const json::value* value = find(field);
  if (!value) return fallback;
  if (value->is_string()) return std::string(value->get_string());
  return field_error(path(field), fmt::format("'{}' must be a string, not {}", path(field), shown(*value)));
}

void FieldReader::ignore(const std::vector<std::string_view>& fields) {
  known_.insert(fields.begin(), fields.end());
}

Status FieldReader::refuse(const std::vector<std::string_view>& fields) {
  for (std::string_view field : fields) {
    const json::value* value = find(field);
    if (!value || says_nothing(*value)) continue;
    return Error{ErrorCode::unsupported, fmt::format("'{}' is not supported yet", path(field)), path(field),
                 "Leave it out"};
  }
  return {};
}

Status FieldReader::finish() const {
  for (const auto& field : object_) {
    std::string_view name(field.key());
    if (!known_.contains(name)) {
      std::string shown_name = path(name.substr(0, 64));
      return field_error(shown_name, fmt::format("Unrecognized field '{}'", shown_name));
    }
  }
  return {};
}

}  // namespace understudy
