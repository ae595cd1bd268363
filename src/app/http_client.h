// The outbound HTTP of the command line tools, over libcurl: the user's proxy settings and certificates
// apply.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace understudy {

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlFree>;

// A handle for one http(s) URL: no other protocols, at most 5 redirects, never from https to http, and given
// up when the host does not answer within `connect_seconds` or sends nothing for 30 s.
Result<CurlHandle> open_url(const std::string& url, long connect_seconds);

// The body of a GET, at most `limit` bytes, whatever the status; `status` receives the HTTP code.
Result<std::string> http_get(const std::string& url, size_t limit, long& status);

}  // namespace understudy
