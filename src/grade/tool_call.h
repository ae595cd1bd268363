// Tool calls in the forms of OpenAI's API.
#pragma once

#include "grade/graders.h"

namespace understudy {

// Answer and truth are JSON: one call {"name", "arguments"}, OpenAI's {"type", "id", "function": {"name", "arguments"}},
// an array of these, or a message with "tool_calls". Arguments are an object, or a string that holds one (as OpenAI sends
// them); without any they are {}. Right if the calls are the same in the same order: names byte for byte, arguments as JSON
// values (json_equal.h); ids and types are ignored. The score is 1 or 0.
// Source of the forms: https://platform.openai.com/docs/api-reference/chat/object
Result<Grade> grade_tool_call(std::string_view answer, std::string_view truth, const GradeOptions& options);

}  // namespace understudy
