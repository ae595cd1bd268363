#include "flywheel/json_fields.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace understudy {

namespace json = boost::json;

JsonFields::JsonFields(const json::value& value, std::string what) : what_(std::move(what)) {
  if (value.is_object()) {
    object_ = value.get_object();
  } else {
    wrong_ = "the whole";
  }
}

void JsonFields::refuse(std::string_view member) {
  if (!wrong_) wrong_ = std::string(member);
}

const json::value* JsonFields::find(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr) refuse(member);
  return value;
}

std::string JsonFields::text(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr || !value->is_string()) {
    refuse(member);
    return "";
  }
  return {value->get_string().data(), value->get_string().size()};
}

double JsonFields::number(std::string_view member) {
  const json::value* value = find(member);
  if (value != nullptr && value->is_number()) return value->to_number<double>();
  refuse(member);
  return 0;
}

int64_t JsonFields::integer(std::string_view member) {
  const json::value* value = find(member);
  if (value != nullptr && value->is_int64()) return value->get_int64();
  refuse(member);
  return 0;
}

std::optional<double> JsonFields::number_or_null(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return number(member);
}

json::object JsonFields::object(std::string_view member) {
  const json::value* value = find(member);
  if (value != nullptr && value->is_object()) return value->get_object();
  refuse(member);
  return {};
}

json::array JsonFields::array(std::string_view member) {
  const json::value* value = find(member);
  if (value != nullptr && value->is_array()) return value->get_array();
  refuse(member);
  return {};
}

Status JsonFields::status() const {
  if (!wrong_) return {};
  return Error{ErrorCode::corrupt, "this is not " + what_ + ": a member is missing or of the wrong type",
               *wrong_, ""};
}

}  // namespace understudy
