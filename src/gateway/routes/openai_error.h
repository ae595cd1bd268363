// Errors in OpenAI's form: {"error": {"message", "type", "param", "code"}}.
// Source: https://platform.openai.com/docs/guides/error-codes
#pragma once

#include <boost/json.hpp>
#include <string>

#include "base/result.h"
#include "gateway/http/message.h"

namespace understudy {

// Error::where becomes `param`.
boost::json::object error_body(const Error& error);
HttpResponse error_response(const Error& error);

// For what only HTTP knows: 404 and 405 of unknown routes, 408, 413, 431, ….
HttpResponse error_response(int status, const std::string& message, std::string_view code = "");

HttpResponse json_response(const boost::json::value& body);

}  // namespace understudy
