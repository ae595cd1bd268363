#include "gateway/routes/openai_messages.h"

#include <fmt/format.h>

#include "base/json.h"
#include "gateway/routes/openai_tools.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};

Result<std::string> read_part(const json::value& part, const std::string& path) {
  if (!part.is_object()) return field_error(path, fmt::format("'{}' must be an object", path));
  FieldReader fields(part.get_object(), path + ".");
  ASSIGN_OR_RETURN(std::string type, fields.string("type", ""));
  if (type != "text") {
    return Error{ErrorCode::unsupported,
                 fmt::format("'{}.type' must be 'text'; '{}' is not supported yet", path, type.substr(0, 64)),
                 path + ".type", ""};
  }
  if (!fields.find("text")) return field_error(path + ".text", fmt::format("'{}.text' is missing", path));
  ASSIGN_OR_RETURN(std::string text, fields.string("text", ""));
  RETURN_IF_ERROR(fields.finish());
  return text;
}

Result<std::string> read_content(FieldReader& fields, bool may_be_absent) {
  const json::value* content = fields.find("content");
  std::string path = fields.path("content");
  if (!content) {
    if (may_be_absent) return std::string();
    return field_error(path, fmt::format("'{}' is missing", path));
  }
  if (content->is_string()) return std::string(content->get_string());
  if (!content->is_array()) {
    return field_error(path, fmt::format("'{}' must be a string or a list of text parts", path));
  }
  std::string text;
  size_t index = 0;
  for (const json::value& part : content->get_array()) {
    if (index) text += '\n';
    ASSIGN_OR_RETURN(std::string piece, read_part(part, fmt::format("{}[{}]", path, index)));
    text += piece;
    ++index;
  }
  return text;
}

// OpenAI sends arguments as the JSON text that the model wrote; templates write objects as JSON themselves.
Result<json::object> read_arguments(FieldReader& function) {
  const std::string path = function.path("arguments");
  if (!function.find("arguments")) return field_error(path, fmt::format("'{}' is missing", path));
  ASSIGN_OR_RETURN(std::string text, function.string("arguments", ""));
  auto arguments = parse_json(text);
  if (!arguments) {
    return field_error(
        path, fmt::format("'{}' must be the JSON text of an object: {}", path, arguments.error().message()));
  }
  if (!arguments->is_object()) {
    return field_error(path, fmt::format("'{}' must be the JSON text of an object", path));
  }
  return arguments->get_object();
}

Result<json::object> read_tool_call(const json::value& value, const std::string& path) {
  if (!value.is_object()) return field_error(path, fmt::format("'{}' must be an object", path));
  FieldReader call(value.get_object(), path + ".");
  ASSIGN_OR_RETURN(std::string id, call.string("id", ""));
  ASSIGN_OR_RETURN(std::string type, call.string("type", "function"));
  if (type != "function") {
    return Error{
        ErrorCode::unsupported,
        fmt::format("'{}.type' must be 'function'; '{}' is not supported yet", path, type.substr(0, 64)),
        path + ".type", ""};
  }
  const json::value* named = call.find("function");
  if (!named || !named->is_object()) {
    return field_error(path + ".function", fmt::format("'{}.function' must be an object", path));
  }
  call.ignore({"index"});  // of a delta, which clients that put streams together keep
  RETURN_IF_ERROR(call.finish());
  FieldReader function(named->get_object(), path + ".function.");
  ASSIGN_OR_RETURN(std::string name, function.string("name", ""));
  if (!is_tool_name(name)) {
    return field_error(function.path("name"),
                       fmt::format("'{}' must be the name of a tool", function.path("name")));
  }
  ASSIGN_OR_RETURN(json::object arguments, read_arguments(function));
  function.ignore({"parsed_arguments"});  // what SDKs make of the arguments
  RETURN_IF_ERROR(function.finish());
  return json::object{{"id", std::move(id)},
                      {"type", "function"},
                      {"function", {{"name", std::move(name)}, {"arguments", std::move(arguments)}}}};
}

Result<json::array> read_tool_calls(FieldReader& fields) {
  json::array calls;
  const json::value* value = fields.find("tool_calls");
  if (!value) return calls;
  const std::string path = fields.path("tool_calls");
  if (!value->is_array()) return field_error(path, fmt::format("'{}' must be a list", path));
  for (const json::value& call : value->get_array()) {
    ASSIGN_OR_RETURN(json::object checked, read_tool_call(call, fmt::format("{}[{}]", path, calls.size())));
    calls.push_back(std::move(checked));
  }
  return calls;
}

Result<json::object> read_message(const json::value& value, const std::string& path) {
  if (!value.is_object()) return field_error(path, fmt::format("'{}' must be an object", path));
  FieldReader fields(value.get_object(), path + ".");
  ASSIGN_OR_RETURN(std::string role, fields.string("role", ""));
  if (std::find(std::begin(kRoles), std::end(kRoles), role) == std::end(kRoles)) {
    return field_error(path + ".role",
                       fmt::format("'{}.role' must be system, developer, user, assistant or tool", path));
  }
  ASSIGN_OR_RETURN(std::string content, read_content(fields, role == "assistant"));
  RETURN_IF_ERROR(fields.refuse({"function_call", "audio"}));
  json::object message{{"role", role == "developer" ? "system" : role}, {"content", std::move(content)}};
  ASSIGN_OR_RETURN(std::string name, fields.string("name", ""));
  if (!name.empty()) message["name"] = std::move(name);
  if (role == "tool") {
    ASSIGN_OR_RETURN(message["tool_call_id"], fields.string("tool_call_id", ""));
  }
  if (role == "assistant") {
    ASSIGN_OR_RETURN(json::array calls, read_tool_calls(fields));
    if (!calls.empty()) message["tool_calls"] = std::move(calls);
    fields.ignore({"refusal", "annotations", "parsed"});  // sent back by SDKs as they came
  } else {
    RETURN_IF_ERROR(fields.refuse({"tool_calls"}));
  }
  RETURN_IF_ERROR(fields.finish());
  return message;
}

}  // namespace

Result<json::array> read_messages(const json::value* messages) {
  if (!messages || !messages->is_array() || messages->get_array().empty()) {
    return field_error("messages", "'messages' must be a list of at least one message");
  }
  json::array read;
  for (const json::value& message : messages->get_array()) {
    ASSIGN_OR_RETURN(json::object checked, read_message(message, fmt::format("messages[{}]", read.size())));
    read.push_back(std::move(checked));
  }
  return read;
}

Result<std::string> read_prediction(FieldReader& fields) {
  const json::value* value = fields.find("prediction");
  if (!value) return std::string();
  if (!value->is_object()) return field_error("prediction", "'prediction' must be an object");
  FieldReader prediction(value->get_object(), "prediction.");
  ASSIGN_OR_RETURN(const std::string type, prediction.string("type", ""));
  if (type != "content") return field_error("prediction.type", "'prediction.type' must be 'content'");
  ASSIGN_OR_RETURN(std::string text, read_content(prediction, /*may_be_absent=*/false));
  RETURN_IF_ERROR(prediction.finish());
  return text;
}

}  // namespace understudy
