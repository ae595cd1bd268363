// For templates that teach no format we know (SmolLM2, Gemma 3), or none at all: the Hermes form, which small
// models have seen most, taught by a system text. Calls and results go into the messages' content, results as
// a user's: such templates know no role "tool" and often want user and assistant to alternate.
#include "text/chat_template.h"
#include "text/tool_calls/formats.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool is_taught_by(std::string_view) { return true; }

// Rendered by our own interpreter, so that JSON is spaced as in the templates that models were trained on.
constexpr std::string_view kSystemText = R"(# Tools

You can call functions to help with the user's request. Their signatures, one JSON object per line:
<tools>
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}</tools>

To call functions, answer with one block per call and nothing else:
<tool_call>
{"name": <function name>, "arguments": <JSON object of its arguments>}
</tool_call>

The results come back between <tool_response> and </tool_response>. If no function helps, just answer.)";

constexpr std::string_view kCalls = R"({%- set message = messages[0] %}
{{- message.content }}
{%- for call in message.tool_calls %}
{%- if message.content or not loop.first %}{{ '\n' }}{% endif %}
{{- '<tool_call>\n{"name": "' ~ call.function.name ~ '", "arguments": ' }}
{{- call.function.arguments | tojson ~ '}\n</tool_call>' }}
{%- endfor %})";

constexpr std::string_view kResults = R"({%- for message in messages %}
{%- if not loop.first %}{{ '\n' }}{% endif %}
{{- '<tool_response>\n' ~ message.content ~ '\n</tool_response>' }}
{%- endfor %})";

Result<std::string> rendered(std::string_view source, const ChatTemplateInput& input) {
  ASSIGN_OR_RETURN(auto chat_template, ChatTemplate::parse(source));
  ASSIGN_OR_RETURN(PromptText text, chat_template->render(input));
  return std::move(text.text);
}

bool has_role(const json::value& message, std::string_view role) {
  return message.get_object().at("role").get_string() == role;
}

// The messages with calls and results in their content.
Result<json::array> as_content(json::array messages) {
  json::array plain;
  for (size_t i = 0; i < messages.size();) {
    if (has_role(messages[i], "tool")) {
      ChatTemplateInput results;
      while (i < messages.size() && has_role(messages[i], "tool")) results.messages.push_back(messages[i++]);
      ASSIGN_OR_RETURN(std::string text, rendered(kResults, results));
      plain.push_back({{"role", "user"}, {"content", text}});
      continue;
    }
    json::value message = std::move(messages[i++]);
    if (message.get_object().contains("tool_calls")) {
      ChatTemplateInput calls;
      calls.messages.push_back(message);
      ASSIGN_OR_RETURN(message.get_object()["content"], rendered(kCalls, calls));
      message.get_object().erase("tool_calls");
    }
    plain.push_back(std::move(message));
  }
  return plain;
}

Result<ToolPrompt> prepare(json::array messages, json::array tools) {
  ToolPrompt prompt;
  ASSIGN_OR_RETURN(prompt.messages, as_content(std::move(messages)));
  if (tools.empty()) return prompt;
  ChatTemplateInput input;
  input.tools = std::move(tools);
  ASSIGN_OR_RETURN(std::string text, rendered(kSystemText, input));
  json::array& all = prompt.messages;
  if (all.empty() || !has_role(all[0], "system")) {
    all.insert(all.begin(), json::object{{"role", "system"}, {"content", text}});
  } else {
    json::string& content = all[0].get_object().at("content").get_string();
    if (!content.empty()) content += "\n\n";
    content += text;
  }
  return prompt;
}

std::unique_ptr<ToolCallParser> make_parser(ToolCallParserOptions options) {
  return hermes_format().make_parser(std::move(options));
}

}  // namespace

const ToolCallFormat& prompted_format() {
  static const ToolCallFormat kFormat{"prompted", is_taught_by, hermes_format().spelling, make_parser,
                                      prepare};
  return kFormat;
}

}  // namespace understudy
