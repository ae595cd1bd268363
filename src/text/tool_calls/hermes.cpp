// <tool_call>\n{"name": "f", "arguments": {...}}\n</tool_call>, once per call.
// Sources: the chat templates of Qwen2.5-7B-Instruct, Qwen3-0.6B, Hermes-3-Llama-3.1-8B, granite-4.0 (2025).
#include "text/tool_calls/formats.h"
#include "text/tool_calls/json_call_parser.h"

namespace understudy {
namespace {

// The same tag stands around other forms too: XML parameters (Qwen3-Coder, Nemotron 3), <arg_key> pairs (GLM
// 4.6), a list in <tool_calls> (Apriel 1.5).
bool is_taught_by(std::string_view source) {
  const auto has = [&](std::string_view text) { return source.find(text) != source.npos; };
  return has("<tool_call>") && has("\"arguments") && !has("<function=") && !has("<arg_key>") &&
         !has("<tool_calls>");
}

std::unique_ptr<ToolCallParser> make_parser(ToolCallParserOptions options) {
  return make_json_call_parser({"<tool_call>", "</tool_call>"}, std::move(options));
}

}  // namespace

const ToolCallFormat& hermes_format() {
  static constexpr ToolCallFormat kFormat{
      "hermes",
      is_taught_by,
      {"", "", "\n", "<tool_call>\n{\"name\": \"", "\", \"arguments\": ", "}\n</tool_call>", "<tool_call>"},
      make_parser,
      pass_on};
  return kFormat;
}

}  // namespace understudy
