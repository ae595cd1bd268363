// The formats that exist: a new one is a file with such a function and an entry in the list of
// tool_call_format.cpp.
#pragma once

#include "text/tool_calls/tool_call_format.h"

namespace understudy {

const ToolCallFormat& hermes_format();    // Hermes 2 and 3, Qwen 2.5 and 3, Granite 4
const ToolCallFormat& llama3_format();    // Llama 3.1, 3.2 and 3.3
const ToolCallFormat& xlam_format();      // xLAM 2
const ToolCallFormat& prompted_format();  // every template that teaches none of them

// For templates that render tools, calls and results themselves.
Result<ToolPrompt> pass_on(boost::json::array messages, boost::json::array tools);

}  // namespace understudy
