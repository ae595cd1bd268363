// How a model family writes calls of tools in its answers, and how its chat template wants to be given tools
// and earlier calls. One file per format; formats.h lists them.
//
// Formats are data and pure functions: immutable, safe to share between threads.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "text/tool_calls/tool_call_parser.h"

namespace understudy {

// The spelling of calls that the family was trained on, for a grammar that makes a model write them and for
// prompts that show them. An answer of calls is
//   list_open  call  (separator call)*  list_close
//   call = before_name NAME before_arguments ARGUMENTS after_arguments
// with NAME the tool's name as it is (tool names need no JSON escapes) and ARGUMENTS a JSON object. Parsers
// take more spellings than this one.
struct ToolCallSpelling {
  std::string_view list_open, list_close, separator;
  std::string_view before_name, before_arguments, after_arguments;
  // What no text but a call begins with; "" if calls have no mark of their own.
  std::string_view marker;
};

// What a chat template is given: ChatTemplateInput's messages and tools.
struct ToolPrompt {
  boost::json::array messages;
  boost::json::value tools = nullptr;
};

struct ToolCallFormat {
  std::string_view name;
  // Whether a chat template teaches this format. Formats are asked in the order of their table; of two that
  // say yes the first counts.
  bool (*is_taught_by)(std::string_view template_source);
  ToolCallSpelling spelling;
  std::unique_ptr<ToolCallParser> (*make_parser)(ToolCallParserOptions options);
  // Brings a conversation into the form that the template knows. Each message has a string `role` and
  // `content`; `tool_calls`, where it is there, is OpenAI's list but with arguments as objects, as the
  // gateway's read_messages() gives it. Tools are in OpenAI's form, empty if there are none. Errors: limits
  // of the template interpreter.
  Result<ToolPrompt> (*prepare)(boost::json::array messages, boost::json::array tools);
};

// The format that a chat template teaches; the prompted one (prompted.cpp) if it teaches none that is known.
const ToolCallFormat& tool_call_format_of(std::string_view chat_template_source);

}  // namespace understudy
