// {"name": "f", "parameters": {...}} as the whole answer; several with "; " between them, sometimes behind
// <|python_tag|>.
// Sources: the chat templates of Llama-3.1-8B-Instruct and Llama-3.2-3B-Instruct;
// https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/ (2024).
#include <deque>
#include <map>

#include "text/tool_calls/formats.h"
#include "text/tool_calls/json_call_parser.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool is_taught_by(std::string_view source) {
  return source.find("{\"name\": function name, \"parameters\":") != source.npos;
}

std::unique_ptr<ToolCallParser> make_parser(ToolCallParserOptions options) {
  return make_json_call_parser({"<|python_tag|>", ""}, std::move(options));
}

std::string string_of(const json::value& object, std::string_view key) {
  const json::value* value = object.get_object().if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

// The calls of a message that has two or more; else nullptr.
const json::array* several_calls(const json::value& message) {
  const json::value* calls = message.get_object().if_contains("tool_calls");
  return calls && calls->get_array().size() > 1 ? &calls->get_array() : nullptr;
}

// A message for each call, its result (matched by id) behind it.
void append_apart(json::value message, std::deque<json::value> results, json::array& to) {
  std::map<std::string, std::deque<json::value>> by_id;
  for (json::value& result : results) by_id[string_of(result, "tool_call_id")].push_back(std::move(result));
  const json::array calls = *several_calls(message);
  for (const json::value& call : calls) {
    message.get_object()["tool_calls"] = json::array{call};
    to.push_back(message);
    message.get_object()["content"] = "";
    std::deque<json::value>& own = by_id[string_of(call, "id")];
    if (own.empty()) continue;
    to.push_back(std::move(own.front()));
    own.pop_front();
  }
  for (auto& [id, left] : by_id) {
    for (json::value& result : left) to.push_back(std::move(result));
  }
}

// The template refuses a message of several calls ("This model only supports single tool-calls at once!").
Result<ToolPrompt> prepare(json::array messages, json::array tools) {
  json::array apart;
  for (size_t i = 0; i < messages.size();) {
    json::value message = std::move(messages[i++]);
    if (!several_calls(message)) {
      apart.push_back(std::move(message));
      continue;
    }
    std::deque<json::value> results;
    while (i < messages.size() && string_of(messages[i], "role") == "tool") {
      results.push_back(std::move(messages[i++]));
    }
    append_apart(std::move(message), std::move(results), apart);
  }
  return pass_on(std::move(apart), std::move(tools));
}

}  // namespace

const ToolCallFormat& llama3_format() {
  static constexpr ToolCallFormat kFormat{"llama3",
                                          is_taught_by,
                                          {"", "", "; ", "{\"name\": \"", "\", \"parameters\": ", "}", ""},
                                          make_parser,
                                          prepare};
  return kFormat;
}

}  // namespace understudy
