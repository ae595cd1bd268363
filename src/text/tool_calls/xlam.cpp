// [{"name": "f", "arguments": {...}}, ...] as the whole answer.
// Source: the chat templates of xLAM 2, in vLLM's examples/tool_chat_template_xlam_{qwen,llama}.jinja (2025).
#include "text/tool_calls/formats.h"
#include "text/tool_calls/json_call_parser.h"

namespace understudy {
namespace {

bool is_taught_by(std::string_view source) {
  return source.find("make calls in a single JSON array") != source.npos;
}

std::unique_ptr<ToolCallParser> make_parser(ToolCallParserOptions options) {
  return make_json_call_parser({"", ""}, std::move(options));
}

}  // namespace

const ToolCallFormat& xlam_format() {
  static constexpr ToolCallFormat kFormat{"xlam",
                                          is_taught_by,
                                          {"[", "]", ", ", "{\"name\": \"", "\", \"arguments\": ", "}", ""},
                                          make_parser,
                                          pass_on};
  return kFormat;
}

}  // namespace understudy
