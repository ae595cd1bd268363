// `tools`, `tool_choice` and `parallel_tool_calls` of a chat request.
// Source: https://platform.openai.com/docs/api-reference/chat/create
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/routes/field_reader.h"

namespace understudy {

inline constexpr size_t kMaxTools = 128;         // OpenAI's limit
inline constexpr size_t kMaxToolNameBytes = 64;  // OpenAI's limit

struct ToolRequest {
  enum class Choice {
    none,       // no call, whatever the tools; the choice of a request without tools
    automatic,  // calls or an answer
    required,   // at least one call
    named,      // a call of `named`
  };
  // In the form that chat templates know: {"type": "function", "function": {"name", "description" (if given),
  // "parameters"}}; without parameters of its own, a tool has the schema of an object without properties.
  boost::json::array tools;
  std::vector<std::string> names;  // of each tool
  std::vector<bool>
      strict;  // of each tool: its arguments obey its schema; ours unless the request says false
  Choice choice = Choice::none;
  std::string named;     // one of `names`
  bool parallel = true;  // an answer may have several calls
};

// Errors name the field: "tools[2].function.name". What a schema says is not checked here, but for OpenAI's rules of
// strict ones where a tool says so itself.
Result<ToolRequest> read_tools(FieldReader& fields);

// OpenAI's rule: 1 to 64 letters, digits, "_" and "-".
bool is_tool_name(std::string_view name);

}  // namespace understudy
