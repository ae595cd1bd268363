#include "gateway/routes/request_body.h"

#include "base/json.h"

namespace understudy {

namespace json = boost::json;

Result<json::object> read_body(const HttpRequest& request) {
  // A web page can send text/plain and form bodies to another origin without asking first; JSON it cannot.
  std::string_view type = request.header("content-type").value_or("");
  std::string_view media_type = type.substr(0, type.find_first_of("; "));
  if (!equal_ignoring_case(media_type, "application/json")) {
    return Error{ErrorCode::invalid_argument, "The Content-Type must be application/json", "", ""};
  }
  auto value = parse_json(request.body);
  if (!value) {
    return Error{ErrorCode::corrupt, "The body is not valid JSON: " + value.error().message(), "", ""};
  }
  if (!value->is_object()) return Error{ErrorCode::corrupt, "The body must be a JSON object", "", ""};
  return std::move(value->get_object());
}

}  // namespace understudy
