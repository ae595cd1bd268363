#include "gateway/routes/response_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gateway/routes/openai_tools.h"

namespace understudy {

namespace json = boost::json;

namespace {

// Keywords under which schemas lie, by what holds them.
constexpr std::string_view kMaps[] = {"properties", "$defs", "definitions", "patternProperties"};
constexpr std::string_view kLists[] = {"anyOf", "allOf", "oneOf", "prefixItems"};
constexpr std::string_view kSingle[] = {"items", "additionalProperties", "not"};

struct Place {
  const json::value* schema;
  std::string path;
};

bool says_object(const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (!type) return false;
  if (type->is_array()) return std::count(type->get_array().begin(), type->get_array().end(), "object") > 0;
  return *type == "object";
}

Status check_object(const json::object& schema, std::string_view field, const std::string& path) {
  const auto wrong = [&](std::string_view what) {
    return field_error(field, fmt::format("Invalid schema for '{}': In context=({}), {}", field, path, what));
  };
  const json::value* additional = schema.if_contains("additionalProperties");
  if (!additional || *additional != false) {
    return wrong("'additionalProperties' is required to be supplied and to be false");
  }
  const json::value* properties = schema.if_contains("properties");
  if (!properties || !properties->is_object()) return {};
  const json::value* required = schema.if_contains("required");
  for (const auto& property : properties->get_object()) {
    const bool listed = required && required->is_array() &&
                        std::any_of(required->get_array().begin(), required->get_array().end(),
                                    [&](const json::value& name) { return name == property.key(); });
    if (listed) continue;
    return wrong(
        fmt::format("'required' is required to be supplied and to be an array including every key in "
                    "properties. Missing '{}'",
                    std::string_view(property.key())));
  }
  return {};
}

}  // namespace

Status check_strict_schema(const json::value& schema, std::string_view field) {
  std::vector<Place> work{{&schema, ""}};
  while (!work.empty()) {
    const Place place = std::move(work.back());
    work.pop_back();
    const json::object* object = place.schema->if_object();
    if (!object) continue;
    if (says_object(*object)) RETURN_IF_ERROR(check_object(*object, field, place.path));
    const auto add = [&](const json::value& inner, std::string_view keyword, std::string_view name) {
      std::string path = place.path + (place.path.empty() ? "" : ", ");
      work.push_back(
          {&inner, path + fmt::format("'{}'", keyword) + (name.empty() ? "" : fmt::format(", '{}'", name))});
    };
    for (std::string_view keyword : kMaps) {
      const json::value* map = object->if_contains(keyword);
      if (!map || !map->is_object()) continue;
      for (const auto& member : map->get_object()) add(member.value(), keyword, member.key());
    }
    for (std::string_view keyword : kLists) {
      const json::value* list = object->if_contains(keyword);
      if (!list || !list->is_array()) continue;
      for (const json::value& inner : list->get_array()) add(inner, keyword, "");
    }
    for (std::string_view keyword : kSingle) {
      if (const json::value* inner = object->if_contains(keyword)) add(*inner, keyword, "");
    }
  }
  return {};
}

Result<ResponseFormat> read_response_format(FieldReader& fields) {
  ResponseFormat format;
  const json::value* value = fields.find("response_format");
  if (!value) return format;
  if (!value->is_object()) return field_error("response_format", "'response_format' must be an object");
  FieldReader reader(value->get_object(), "response_format.");
  ASSIGN_OR_RETURN(const std::string type, reader.string("type", ""));
  if (type == "text") return format;
  if (type == "json_object") {
    format.kind = ResponseFormat::Kind::json_object;
    format.schema = json::object{{"type", "object"}};
    return format;
  }
  if (type != "json_schema") {
    return field_error("response_format.type",
                       "'response_format.type' must be 'text', 'json_object' or 'json_schema'");
  }
  format.kind = ResponseFormat::Kind::json_schema;
  const json::value* definition = reader.find("json_schema");
  if (!definition || !definition->is_object()) {
    return field_error("response_format.json_schema", "'response_format.json_schema' must be an object");
  }
  FieldReader inner(definition->get_object(), "response_format.json_schema.");
  ASSIGN_OR_RETURN(format.name, inner.string("name", ""));
  if (!is_tool_name(format.name)) {
    return field_error("response_format.json_schema.name",
                       "'response_format.json_schema.name' must be 1 to 64 letters, digits, '_' and '-'");
  }
  ASSIGN_OR_RETURN(format.strict, inner.boolean("strict", false));
  ASSIGN_OR_RETURN(format.abstain, inner.boolean("abstain", false));
  inner.ignore({"description"});
  const json::value* schema = inner.find("schema");
  if (!schema || !schema->is_object()) {
    return field_error("response_format.json_schema.schema",
                       "'response_format.json_schema.schema' must be a JSON schema");
  }
  format.schema = *schema;
  RETURN_IF_ERROR(inner.finish());
  RETURN_IF_ERROR(reader.finish());
  if (format.strict)
    RETURN_IF_ERROR(check_strict_schema(format.schema, "response_format.json_schema.schema"));
  return format;
}

}  // namespace understudy
