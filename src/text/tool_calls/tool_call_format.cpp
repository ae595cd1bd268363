#include "text/tool_calls/tool_call_format.h"

#include <algorithm>

#include "text/tool_calls/formats.h"

namespace understudy {

const ToolCallFormat& tool_call_format_of(std::string_view chat_template_source) {
  static const ToolCallFormat* const kFormats[] = {&xlam_format(), &llama3_format(), &hermes_format(),
                                                   &prompted_format()};  // takes every template, so the last
  return **std::find_if(std::begin(kFormats), std::end(kFormats), [&](const ToolCallFormat* format) {
    return format->is_taught_by(chat_template_source);
  });
}

Result<ToolPrompt> pass_on(boost::json::array messages, boost::json::array tools) {
  ToolPrompt prompt{std::move(messages), nullptr};
  if (!tools.empty()) prompt.tools = std::move(tools);
  return prompt;
}

}  // namespace understudy
