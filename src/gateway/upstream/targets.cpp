#include "gateway/upstream/targets.h"

#include <fmt/format.h>

namespace understudy {
namespace {

constexpr std::string_view kVersion = "/v1";

// Percent-encodes what may not stand in a path (RFC 3986, 3.3).
std::string encoded(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/:@!$&'()*+,;=").find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

}  // namespace

std::string UpstreamTarget::address(std::string_view path, std::string_view query) const {
  std::string_view base = url;
  while (base.ends_with('/')) base.remove_suffix(1);
  if (base.ends_with(kVersion) && path.starts_with(kVersion)) path.remove_prefix(kVersion.size());
  std::string address = std::string(base) + encoded(path);
  if (!query.empty()) address.append("?").append(query);
  return address;
}

Status check_upstream_url(const std::string& url) {
  const auto refuse = [&](const char* what) {
    return Error{ErrorCode::invalid_argument, what, url, "Give it as https://api.example.com/v1"};
  };
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos || (!url.starts_with("https://") && !url.starts_with("http://")))
    return refuse("an upstream's address begins with http:// or https://");
  const std::string host = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  if (host.empty()) return refuse("an upstream's address needs a host");
  if (host.find('@') != std::string::npos) return refuse("an upstream's address must not hold credentials");
  if (url.find_first_of("?# \t\r\n") != std::string::npos)
    return refuse("an upstream's address has no query, fragment or blanks");
  return {};
}

Result<std::unique_ptr<Upstreams>> Upstreams::create() {
  std::unique_ptr<Upstreams> upstreams(new Upstreams);
  ASSIGN_OR_RETURN(upstreams->client_, UpstreamClient::create());
  return upstreams;
}

Status Upstreams::set_local(const std::map<std::string, std::string>& fallbacks) {
  for (const auto& [model, next] : fallbacks) {
    std::optional<UpstreamTarget>& target = local[model];
    if (next.empty()) continue;
    const UpstreamTarget* found = fallbacks.contains(next) ? nullptr : find(next);
    if (found == nullptr) {
      return Error{
          ErrorCode::not_found,
          fmt::format("the route '{}' falls back to '{}', for which no upstream answers", model, next), "",
          "Name a route that has a provider, or give \"*\" one"};
    }
    target = *found;
    if (target->model.empty()) target->model = next;
  }
  return {};
}

const UpstreamTarget* Upstreams::find(std::string_view model) const {
  if (const auto own = local.find(model); own != local.end()) return own->second ? &*own->second : nullptr;
  const auto route = routes.find(model);
  if (route != routes.end()) return &route->second;
  return fallback ? &*fallback : nullptr;
}

}  // namespace understudy
