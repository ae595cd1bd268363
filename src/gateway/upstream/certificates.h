// The certificates that libcurl trusts: those that CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE name, as in curl,
// Python's requests and OpenSSL; libcurl itself looks at none of the variables.
#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace understudy {

// Error{not_found} if a variable names a file that is not there.
Status use_certificates(CURL* handle);

// Why a transfer ended early, with what may help; `hint` where nothing better is known.
Error transfer_error(CURLcode code, const std::string& url, std::string hint = "");

// Once per process, before any handle; Error{internal} if libcurl cannot start.
Status start_curl();

}  // namespace understudy
