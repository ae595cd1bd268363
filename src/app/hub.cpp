#include "app/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "app/git_blob_id.h"
#include "app/http_client.h"
#include "app/model_store.h"
#include "base/json.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr const char* kDefaultEndpoint = "https://huggingface.co";
constexpr size_t kMaxAnswer = 16 << 20;  // bytes; a list of 10,000 files has 3 MB
constexpr long kAnswerSeconds = 30;
constexpr int kMaxRedirects = 5;
constexpr const char* kTokenHint = "set HF_TOKEN to an access token (https://huggingface.co/settings/tokens)";

// Percent-encoded as RFC 3986 section 2.3 wants a path; '/' stays.
std::string encode_path(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

// "https://host:port" of a URL.
std::string_view origin(std::string_view url) {
  const size_t host = url.find("://");
  return url.substr(0, host == std::string_view::npos ? 0 : std::min(url.find('/', host + 3), url.size()));
}

std::string header(const HttpReply& response, const char* name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

// W/"abc" -> abc
std::string unquoted(std::string tag) {
  if (tag.starts_with("W/")) tag.erase(0, 2);
  std::erase(tag, '"');
  return tag;
}

// The text of `value` under `key`, or "".
std::string text_at(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

}  // namespace

Result<Hub> Hub::from_environment(long connect_seconds) {
  const char* endpoint = std::getenv("HF_ENDPOINT");
  const char* token = std::getenv("HF_TOKEN");
  Hub hub(endpoint != nullptr && *endpoint != '\0' ? endpoint : kDefaultEndpoint,
          token != nullptr ? token : "", connect_seconds);
  while (hub.endpoint_.ends_with('/')) hub.endpoint_.pop_back();
  if (!hub.endpoint_.starts_with("https://") && !hub.endpoint_.starts_with("http://")) {
    return Error{ErrorCode::invalid_argument, "not an address of a hub", "HF_ENDPOINT",
                 "Set it to https://HOST, or unset it for https://huggingface.co"};
  }
  const auto printable = [](char c) { return c > ' ' && c < 127; };
  if (!std::all_of(hub.token_.begin(), hub.token_.end(), printable)) {
    return Error{ErrorCode::invalid_argument, "the token holds spaces or unprintable bytes", "HF_TOKEN", ""};
  }
  return hub;
}

std::string Hub::file_url(const HubAddress& address, const std::string& commit,
                          const std::string& path) const {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint_, address.repository, commit, encode_path(path));
}

// The hub answers 401 for what does not exist, too, so that nobody can find out what is private.
Error Hub::refusal(const HttpReply& response, const HubAddress& address, const std::string& path) const {
  const std::string reason = header(response, "x-error-code");
  const std::string where = fmt::format("{}/{}", endpoint_, address.repository);
  const std::string with_token = token_.empty() ? kTokenHint : "check that HF_TOKEN may read it";
  if (reason == "GatedRepo") {
    return Error{token_.empty() ? ErrorCode::unauthenticated : ErrorCode::forbidden,
                 "the repository is gated: its authors ask for consent to their terms", where,
                 fmt::format("Accept them in a browser at {}, then {}", where,
                             token_.empty() ? kTokenHint : "try again with a token of the same account")};
  }
  if (reason == "RevisionNotFound") {
    return Error{ErrorCode::not_found, fmt::format("the repository has no revision '{}'", address.revision),
                 where, "A revision is a branch, a tag or a commit"};
  }
  if (reason == "EntryNotFound" || (response.status == 404 && !path.empty())) {
    return Error{ErrorCode::not_found, fmt::format("the repository has no file '{}'", path), where, ""};
  }
  if (response.status == 401 || response.status == 404) {
    return Error{response.status == 401 ? ErrorCode::unauthenticated : ErrorCode::not_found,
                 fmt::format("there is no such repository, or it is private (HTTP {})", response.status),
                 where, "Check its spelling; if it is private, " + with_token};
  }
  if (response.status == 403) {
    return Error{ErrorCode::forbidden, "the hub refuses access (HTTP 403)", where,
                 "To read the repository, " + with_token};
  }
  if (response.status == 429) {
    return Error{ErrorCode::exhausted, "the hub has had too many requests from here (HTTP 429)", where,
                 "Wait some minutes" + (token_.empty() ? std::string(", or ") + kTokenHint : "")};
  }
  return Error{ErrorCode::io, fmt::format("the hub answered HTTP {}", response.status), where,
               "Try again later; HF_ENDPOINT can name a mirror"};
}

Result<HubRepository> Hub::repository(const HubAddress& address) const {
  const std::string url =
      fmt::format("{}/api/models/{}/revision/{}?blobs=true", endpoint_, address.repository, address.revision);
  ASSIGN_OR_RETURN(const HttpReply response, http_call({.url = url,
                                                        .bearer = token_,
                                                        .body_limit = kMaxAnswer,
                                                        .connect_seconds = connect_seconds_,
                                                        .seconds = kAnswerSeconds}));
  if (response.status != 200) return refusal(response, address, "");
  const auto corrupt = [&](std::string what) {
    return Error{ErrorCode::corrupt, std::move(what), url, "Is HF_ENDPOINT a hub?"};
  };
  const auto value = parse_json(response.body);
  if (!value.ok() || !value->is_object()) return corrupt("the hub's answer is not a JSON object");
  const json::object& about = value->as_object();
  HubRepository repository{text_at(about, "sha"), "", {}};
  if (!is_git_id(repository.commit)) return corrupt("the hub names no commit ('sha')");
  if (const json::value* card = about.if_contains("cardData"); card != nullptr && card->is_object()) {
    repository.licence = text_at(card->as_object(), "license");
  }
  const json::value* siblings = about.if_contains("siblings");
  if (siblings == nullptr || !siblings->is_array()) return corrupt("the hub lists no files ('siblings')");
  for (const json::value& sibling : siblings->as_array()) {
    if (!sibling.is_object()) continue;
    ListedFile file{text_at(sibling.as_object(), "rfilename"), 0};
    if (const json::value* size = sibling.as_object().if_contains("size"); size && size->is_number()) {
      json::error_code code;
      file.bytes = size->to_number<uint64_t>(code);
    }
    if (!file.path.empty()) repository.files.push_back(std::move(file));
  }
  return repository;
}

Result<SourceFile> Hub::file(const HubAddress& address, const std::string& commit,
                             const std::string& path) const {
  std::string url = file_url(address, commit, path);
  SourceFile file{.path = "", .bytes = 0};
  std::string tag, size;
  for (int i = 0; i < kMaxRedirects; ++i) {
    ASSIGN_OR_RETURN(const HttpReply response, http_call({.url = url,
                                                          .bearer = token_,
                                                          .head = true,
                                                          .connect_seconds = connect_seconds_,
                                                          .seconds = kAnswerSeconds}));
    if (response.status >= 400 || response.status < 200) return refusal(response, address, path);
    tag = header(response, "x-linked-etag");
    size = header(response, "x-linked-size");
    if (response.redirect.empty()) {
      if (tag.empty()) tag = header(response, "etag");
      if (size.empty()) size = header(response, "content-length");
      break;
    }
    // A renamed repository answers with its new place on the hub; storage elsewhere knows no digest.
    if (!tag.empty() || origin(response.redirect) != origin(url)) break;
    url = response.redirect;
  }
  tag = unquoted(tag);
  if (is_sha256(tag)) file.sha256 = tag;
  if (is_git_id(tag)) file.git_blob_id = tag;
  std::from_chars(size.data(), size.data() + size.size(), file.bytes);
  return file;
}

}  // namespace understudy
