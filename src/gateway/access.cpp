#include "gateway/access.h"

#include <arpa/inet.h>

#include <algorithm>

namespace understudy {
namespace {

bool is_ipv4(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_loopback(const std::string& host) {
  return equal_ignoring_case(host, "localhost") || host == "::1" ||
         (is_ipv4(host) && host.starts_with("127."));
}

// "name:8080" -> "name", "[::1]:8080" -> "::1".
std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

bool is_own_host(const AccessPolicy& policy, std::string_view header) {
  std::string name = host_name(header);
  if (is_loopback(name)) return true;
  if (policy.any_ip_host && (is_ipv4(name) || is_ipv6(name))) return true;
  return std::any_of(policy.hosts.begin(), policy.hosts.end(),
                     [&](const std::string& host) { return equal_ignoring_case(host, name); });
}

// Every byte of `presented` is looked at, whatever the others say.
bool equal_in_constant_time(std::string_view presented, std::string_view key) {
  size_t difference = presented.size() ^ key.size();
  for (size_t i = 0; i < presented.size(); ++i) {
    difference |= static_cast<unsigned char>(presented[i] ^ key[i % key.size()]);
  }
  return difference == 0;
}

}  // namespace

Result<AccessPolicy> make_access_policy(const std::string& bind_host, std::string api_key,
                                        const std::vector<std::string>& allowed_hosts) {
  if (!is_loopback(bind_host) && api_key.empty()) {
    return Error{ErrorCode::forbidden, "others can reach " + bind_host + ", and no API key is set", "--host",
                 "Set UNDERSTUDY_API_KEY (or --api-key), or bind to 127.0.0.1"};
  }
  AccessPolicy policy{std::move(api_key), allowed_hosts, bind_host == "0.0.0.0" || bind_host == "::"};
  policy.hosts.push_back(bind_host);
  return policy;
}

Status check_origin(const AccessPolicy& policy, const HttpRequest& request) {
  std::string_view host = request.header("host").value_or("");
  if (!is_own_host(policy, host)) {
    return Error{ErrorCode::forbidden, "The Host header does not name this server", "",
                 "Start the server with --allow-host to serve under another name"};
  }
  auto origin = request.header("origin");
  if (!origin) return {};
  bool same = equal_ignoring_case(*origin, "http://" + std::string(host)) ||
              equal_ignoring_case(*origin, "https://" + std::string(host));
  if (same) return {};
  return Error{ErrorCode::forbidden, "Requests from web pages of another origin are refused", "", ""};
}

Status check_key(const AccessPolicy& policy, const HttpRequest& request) {
  if (policy.api_key.empty()) return {};
  std::string_view value = request.header("authorization").value_or("");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() > kScheme.size() && equal_ignoring_case(value.substr(0, kScheme.size()), kScheme) &&
      equal_in_constant_time(value.substr(kScheme.size()), policy.api_key)) {
    return {};
  }
  return Error{ErrorCode::unauthenticated, "Missing or incorrect API key", "",
               "Send it as 'Authorization: Bearer KEY'"};
}

}  // namespace understudy
