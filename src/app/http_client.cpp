#include "app/http_client.h"

#include <fmt/format.h>

namespace understudy {
namespace {

constexpr long kMaxRedirects = 5;
constexpr long kStalledSeconds = 30;
constexpr long kGetConnectSeconds = 3;
constexpr long kGetSeconds = 10;

struct Body {
  std::string text;
  size_t limit;
};

size_t append_body(const char* data, size_t, size_t size, void* user) {
  auto* body = static_cast<Body*>(user);
  if (body->text.size() + size > body->limit) return 0;  // curl stops with CURLE_WRITE_ERROR
  body->text.append(data, size);
  return size;
}

}  // namespace

Result<CurlHandle> open_url(const std::string& url, long connect_seconds) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CurlHandle handle(started == CURLE_OK ? curl_easy_init() : nullptr);
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
  return handle;
}

Result<std::string> http_get(const std::string& url, size_t limit, long& status) {
  ASSIGN_OR_RETURN(CurlHandle handle, open_url(url, kGetConnectSeconds));
  Body body{"", limit};
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, kGetSeconds);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
  CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_WRITE_ERROR) {
    return Error{ErrorCode::corrupt, fmt::format("the answer is longer than {} bytes", limit), url, ""};
  }
  if (code != CURLE_OK) return Error{ErrorCode::io, curl_easy_strerror(code), url, ""};
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  return body.text;
}

}  // namespace understudy
