#include "gateway/routes/openai_error.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Kind {
  int status;
  std::string_view type, code;
};

constexpr std::string_view kInvalidRequest = "invalid_request_error", kServerError = "server_error";

Kind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return {400, kInvalidRequest, "invalid_value"};
    case ErrorCode::corrupt:
      return {400, kInvalidRequest, "invalid_json"};
    case ErrorCode::unsupported:
      return {400, kInvalidRequest, "unsupported_parameter"};
    case ErrorCode::context_overflow:
      return {400, kInvalidRequest, "context_length_exceeded"};
    case ErrorCode::not_found:
      return {404, kInvalidRequest, "model_not_found"};
    case ErrorCode::unauthenticated:
      return {401, kInvalidRequest, "invalid_api_key"};
    case ErrorCode::forbidden:
      return {403, kInvalidRequest, "forbidden"};
    case ErrorCode::exhausted:
      return {503, kServerError, "server_busy"};
    case ErrorCode::cancelled:
      return {503, kServerError, "shutting_down"};
    case ErrorCode::io:
    case ErrorCode::internal:
      break;
  }
  return {500, kServerError, "internal_error"};
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object body_of(const std::string& message, std::string_view type, std::string_view param,
                     std::string_view code) {
  return {
      {"error",
       {{"message", message}, {"type", type}, {"param", text_or_null(param)}, {"code", text_or_null(code)}}}};
}

HttpResponse response_of(int status, const json::object& body) {
  HttpResponse response{status, "application/json", {}, json::serialize(body)};
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace

json::object error_body(const Error& error) {
  Kind kind = kind_of(error.code);
  std::string message = error.hint.empty() ? error.what : error.what + ". " + error.hint;
  return body_of(message, kind.type, error.where, kind.code);
}

HttpResponse error_response(const Error& error) {
  return response_of(kind_of(error.code).status, error_body(error));
}

HttpResponse error_response(int status, const std::string& message, std::string_view code) {
  return response_of(status, body_of(message, status < 500 ? kInvalidRequest : kServerError, "", code));
}

HttpResponse json_response(const json::value& body) {
  return {200, "application/json", {}, json::serialize(body)};
}

}  // namespace understudy
