// `messages` of a chat request.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"

namespace understudy {

// Checks OpenAI's message list and gives it in the form that chat templates know: role is system, user,
// assistant or tool ("developer" becomes "system"), content a string (text parts are joined by line feeds; an
// assistant's null is ""). Errors name the message: "messages[2].role".
Result<boost::json::array> read_messages(const boost::json::value* messages);

}  // namespace understudy
