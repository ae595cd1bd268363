#include "gateway/routes/openai_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gateway/routes/response_format.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::string_view kNameRule = "1 to 64 letters, digits, '_' or '-'";

Error unsupported_type(const std::string& path, std::string_view type) {
  return {ErrorCode::unsupported,
          fmt::format("'{}' must be 'function'; '{}' is not supported yet", path, type.substr(0, 64)), path,
          ""};
}

Result<const json::object*> read_object(FieldReader& fields, std::string_view field) {
  const json::value* value = fields.find(field);
  const std::string path = fields.path(field);
  if (!value) return field_error(path, fmt::format("'{}' is missing", path));
  if (!value->is_object()) return field_error(path, fmt::format("'{}' must be an object", path));
  return &value->get_object();
}

// The object of {"type": "function", "function": {...}}.
Result<const json::object*> read_function(FieldReader& fields) {
  ASSIGN_OR_RETURN(std::string type, fields.string("type", ""));
  const std::string path = fields.path("type");
  if (type.empty()) return field_error(path, fmt::format("'{}' must be 'function'", path));
  if (type != "function") return unsupported_type(path, type);
  ASSIGN_OR_RETURN(const json::object* function, read_object(fields, "function"));
  RETURN_IF_ERROR(fields.finish());
  return function;
}

Result<json::object> read_parameters(FieldReader& fields) {
  if (!fields.find("parameters")) return json::object{{"type", "object"}, {"properties", json::object()}};
  ASSIGN_OR_RETURN(const json::object* schema, read_object(fields, "parameters"));
  const json::value* type = schema->if_contains("type");
  if (type && *type != "object") {
    const std::string path = fields.path("parameters.type");
    return field_error(path, fmt::format("'{}' must be 'object': arguments are named", path));
  }
  return *schema;
}

Status read_tool(const json::value& value, const std::string& path, ToolRequest& request) {
  if (!value.is_object()) return field_error(path, fmt::format("'{}' must be an object", path));
  FieldReader tool(value.get_object(), path + ".");
  ASSIGN_OR_RETURN(const json::object* function, read_function(tool));
  FieldReader fields(*function, path + ".function.");
  ASSIGN_OR_RETURN(std::string name, fields.string("name", ""));
  if (!is_tool_name(name)) {
    return field_error(fields.path("name"), fmt::format("'{}' must be {}", fields.path("name"), kNameRule));
  }
  json::object form{{"name", name}};
  if (fields.find("description")) {
    ASSIGN_OR_RETURN(form["description"], fields.string("description", ""));
  }
  ASSIGN_OR_RETURN(form["parameters"], read_parameters(fields));
  ASSIGN_OR_RETURN(bool strict, fields.boolean("strict", true));
  if (fields.find("strict") && strict) {
    RETURN_IF_ERROR(check_strict_schema(form["parameters"], fields.path("parameters")));
  }
  RETURN_IF_ERROR(fields.finish());
  request.tools.push_back({{"type", "function"}, {"function", std::move(form)}});
  request.names.push_back(std::move(name));
  request.strict.push_back(strict);
  return {};
}

Status read_list(FieldReader& fields, ToolRequest& request) {
  const json::value* value = fields.find("tools");
  if (!value) return {};
  if (!value->is_array() || value->get_array().size() > kMaxTools) {
    return field_error("tools", fmt::format("'tools' must be a list of at most {} tools", kMaxTools));
  }
  std::set<std::string_view> seen;
  request.names.reserve(value->get_array().size());  // `seen` looks into it
  for (const json::value& tool : value->get_array()) {
    const std::string path = fmt::format("tools[{}]", request.tools.size());
    RETURN_IF_ERROR(read_tool(tool, path, request));
    if (seen.insert(request.names.back()).second) continue;
    return field_error(path + ".function.name",
                       fmt::format("'{}.function.name' names a tool that is already in 'tools': '{}'", path,
                                   request.names.back()));
  }
  return {};
}

Status read_named(const json::object& object, ToolRequest& request) {
  FieldReader fields(object, "tool_choice.");
  ASSIGN_OR_RETURN(const json::object* function, read_function(fields));
  FieldReader names(*function, "tool_choice.function.");
  ASSIGN_OR_RETURN(request.named, names.string("name", ""));
  RETURN_IF_ERROR(names.finish());
  request.choice = ToolRequest::Choice::named;
  if (std::find(request.names.begin(), request.names.end(), request.named) != request.names.end()) return {};
  return field_error("tool_choice.function.name",
                     fmt::format("'tool_choice.function.name' must be one of 'tools'; '{}' is not",
                                 request.named.substr(0, kMaxToolNameBytes)));
}

Status read_choice(FieldReader& fields, ToolRequest& request) {
  using Choice = ToolRequest::Choice;
  const bool has_tools = !request.tools.empty();
  request.choice = has_tools ? Choice::automatic : Choice::none;
  const json::value* value = fields.find("tool_choice");
  if (!value) return {};
  if (value->is_object()) return read_named(value->get_object(), request);
  if (*value == "none") {
    request.choice = Choice::none;
  } else if (*value == "required") {
    if (!has_tools) return field_error("tool_choice", "'tool_choice': 'required' needs 'tools'");
    request.choice = Choice::required;
  } else if (*value != "auto") {
    return field_error("tool_choice",
                       "'tool_choice' must be 'none', 'auto', 'required' or "
                       "{\"type\": \"function\", \"function\": {\"name\": \"...\"}}");
  }
  return {};
}

}  // namespace

bool is_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxToolNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                  c == '-';
         });
}

Result<ToolRequest> read_tools(FieldReader& fields) {
  ToolRequest request;
  RETURN_IF_ERROR(read_list(fields, request));
  RETURN_IF_ERROR(read_choice(fields, request));
  ASSIGN_OR_RETURN(request.parallel, fields.boolean("parallel_tool_calls", true));
  return request;
}

}  // namespace understudy
