// HTTP messages as routes see them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

struct HttpHeader {
  std::string name, value;
};

struct HttpRequest {
  std::string id;      // made by the server; sent back as x-request-id
  std::string method;  // "GET", …; as sent
  std::string path;    // percent-decoded, starts with '/', valid UTF-8 without control characters
  std::string query;   // as sent, without '?'
  std::vector<HttpHeader> headers;
  std::string body;

  // First header of that name (ASCII case is ignored).
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<HttpHeader> headers;  // besides those the server writes itself
  std::string body;
};

// "Not Found" for 404; "" for a status this server never sends.
std::string_view reason_phrase(int status);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace understudy
