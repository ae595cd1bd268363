// `messages` of a chat request.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "base/result.h"
#include "gateway/routes/field_reader.h"

namespace understudy {

// Checks OpenAI's message list and gives it in the form that chat templates know: role is system, user,
// assistant or tool ("developer" becomes "system"), content a string (text parts are joined by line feeds; an
// assistant's null is ""). An assistant's `tool_calls` are there only if it has some, each {"id", "type",
// "function": {"name", "arguments"}} with the arguments as an object; a tool's message has its
// `tool_call_id`. Errors name the field: "messages[2].role", "messages[2].tool_calls[0].function.arguments".
Result<boost::json::array> read_messages(const boost::json::value* messages);

// The text of `prediction`, {"type": "content", "content": a string or a list of text parts}; "" if there is none.
Result<std::string> read_prediction(FieldReader& fields);

}  // namespace understudy
