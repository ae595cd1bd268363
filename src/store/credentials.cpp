#include "store/credentials.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "base/json.h"

namespace understudy {
namespace {

// Compared without case, and with '_' for '-'. Of the request's own object only: inside `tools` such a name is a
// parameter of a tool.
constexpr std::array<std::string_view, 9> kSecretMembers = {
    "api_key",       "apikey",         "authorization",        "x_api_key", "access_token", "headers",
    "extra_headers", "azure_ad_token", "aws_secret_access_key"};

std::string plain(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return text;
}

bool is_secret(std::string_view name) {
  return std::find(kSecretMembers.begin(), kSecretMembers.end(), plain(name)) != kSecretMembers.end();
}

bool names_a_secret(std::string_view text) {
  const std::string all = plain(text);
  return std::any_of(kSecretMembers.begin(), kSecretMembers.end(),
                     [&](std::string_view name) { return all.find(name) != std::string::npos; });
}

}  // namespace

std::string without_credentials(std::string request) {
  const auto parsed = parse_json(request);
  const auto* object = parsed.ok() ? parsed.value().if_object() : nullptr;
  if (object == nullptr) return names_a_secret(request) ? "" : request;
  boost::json::object kept;
  for (const auto& [name, value] : *object) {
    if (!is_secret(name)) kept.emplace(name, value);
  }
  return kept.size() == object->size() ? request : boost::json::serialize(kept);
}

}  // namespace understudy
