// The outbound HTTP of the command line tools, over libcurl. The user's proxy settings apply (https_proxy,
// http_proxy, all_proxy, no_proxy), and so do the certificates that CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE or
// SSL_CERT_FILE name, as in curl, Python's requests and OpenSSL.
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "gateway/upstream/certificates.h"

namespace understudy {

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlFree>;

// A handle for one http(s) URL: no other protocols, at most 5 redirects, never from https to http, and given
// up when the host does not answer within `connect_seconds` or sends nothing for 30 s. `bearer` ("" for none)
// is shown to this URL's scheme, host and port alone, whatever redirects follow.
Result<CurlHandle> open_url(const std::string& url, long connect_seconds, const std::string& bearer = "");

// "ETag: "x"\r\n" -> {"etag", "\"x\""}; nothing for other lines.
std::optional<std::pair<std::string, std::string>> parse_header(std::string_view line);

struct HttpCall {
  std::string url;
  std::string bearer = "";
  bool head = false;      // HEAD, and a redirect is handed back rather than followed
  size_t body_limit = 0;  // bytes; a longer answer is Error{corrupt}
  long connect_seconds = 3;
  long seconds = 10;
};

struct HttpReply {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; of the last response
  std::string body;
  std::string redirect;  // the absolute URL that an unfollowed redirect names
};

// One exchange, whatever the status.
Result<HttpReply> http_call(const HttpCall& call);

}  // namespace understudy
