#include "gateway/upstream/certificates.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <optional>

namespace understudy {
namespace {

struct CertificateSetting {
  const char *variable, *path;
};

std::optional<CertificateSetting> named_certificates() {
  for (const char* variable : {"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* path = std::getenv(variable);
    if (path != nullptr && *path != '\0') return CertificateSetting{variable, path};
  }
  return std::nullopt;
}

std::string certificates_hint() {
  const auto named = named_certificates();
  if (!named) return "If your network inspects TLS, set SSL_CERT_FILE to its CA certificates (PEM)";
  return fmt::format("{} names {}: the certificate must be for this host, and by one of the CAs in there",
                     named->variable, named->path);
}

}  // namespace

Status start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started == CURLE_OK) return {};
  return Error{ErrorCode::internal, "cannot start libcurl", "", ""};
}

Status use_certificates(CURL* handle) {
  const auto named = named_certificates();
  if (!named) return {};
  struct stat info{};
  if (::stat(named->path, &info) != 0) {
    return Error{ErrorCode::not_found, fmt::format("{} names a file that is not there", named->variable),
                 named->path, "Unset it, or let it name your network's CA certificates (PEM)"};
  }
  curl_easy_setopt(handle, S_ISDIR(info.st_mode) ? CURLOPT_CAPATH : CURLOPT_CAINFO, named->path);
  return {};
}

Error transfer_error(CURLcode code, const std::string& url, std::string hint) {
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    hint = certificates_hint();
  } else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT) {
    hint = "Check the network; behind a proxy, set HTTPS_PROXY";
  } else if (code == CURLE_COULDNT_RESOLVE_PROXY) {
    hint = "Check HTTPS_PROXY";
  }
  return Error{ErrorCode::io, curl_easy_strerror(code), url, std::move(hint)};
}

}  // namespace understudy
