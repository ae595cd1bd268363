#include "app/http_client.h"

#include <fmt/format.h>

namespace understudy {
namespace {

constexpr long kMaxRedirects = 5;
constexpr long kStalledSeconds = 30;

struct Exchange {
  HttpReply response;
  size_t limit;
};

size_t append_body(const char* data, size_t, size_t size, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  std::string& body = exchange->response.body;
  if (body.size() + size > exchange->limit) return 0;  // curl stops with CURLE_WRITE_ERROR
  body.append(data, size);
  return size;
}

size_t take_header(const char* data, size_t, size_t size, void* user) {
  HttpReply& response = static_cast<Exchange*>(user)->response;
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) response.headers.clear();
  if (auto header = parse_header(line)) response.headers.insert_or_assign(header->first, header->second);
  return size;
}

}  // namespace

Result<CurlHandle> open_url(const std::string& url, long connect_seconds, const std::string& bearer) {
  RETURN_IF_ERROR(start_curl());
  CurlHandle handle(curl_easy_init());
  if (!handle) return Error{ErrorCode::internal, "cannot start libcurl", "", ""};
  bool secure = url.starts_with("https://");
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "understudy");
  if (!bearer.empty()) {
    // Not a header of our own: libcurl withholds these credentials from other hosts
    // (CURLOPT_UNRESTRICTED_AUTH).
    curl_easy_setopt(handle.get(), CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(handle.get(), CURLOPT_XOAUTH2_BEARER, bearer.c_str());
  }
  if (secure) RETURN_IF_ERROR(use_certificates(handle.get()));
  return handle;
}

std::optional<std::pair<std::string, std::string>> parse_header(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  return std::pair(name, std::string(value.substr(0, value.find_last_not_of(" \t\r\n") + 1)));
}

Result<HttpReply> http_call(const HttpCall& call) {
  ASSIGN_OR_RETURN(CurlHandle handle, open_url(call.url, call.connect_seconds, call.bearer));
  Exchange exchange{{}, call.body_limit};
  if (call.head) {
    curl_easy_setopt(handle.get(), CURLOPT_NOBODY, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 0L);
  }
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, call.seconds);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &exchange);
  CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_WRITE_ERROR) {
    return Error{ErrorCode::corrupt, fmt::format("the answer is longer than {} bytes", call.body_limit),
                 call.url, ""};
  }
  if (code != CURLE_OK) return transfer_error(code, call.url);
  HttpReply response = std::move(exchange.response);
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &response.status);
  const char* redirect = nullptr;
  curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) response.redirect = redirect;
  return response;
}

}  // namespace understudy
