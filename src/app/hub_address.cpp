#include "app/hub_address.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy {
namespace {

constexpr std::string_view kScheme = "hf://";
constexpr size_t kMaxPart = 255;
constexpr const char* kDefaultRevision = "main";

bool is_name(std::string_view name, std::string_view punctuation) {
  auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kMaxPart && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

// The part of `rest` before the next '/', which both lose.
std::string_view take_part(std::string_view& rest) {
  const size_t end = std::min(rest.find('/'), rest.size());
  std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool is_path(std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = take_part(path);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxPart) return false;
    if (std::any_of(part.begin(), part.end(), [](char c) { return c >= 0 && c < ' '; })) return false;
  }
  return true;
}

}  // namespace

Result<HubAddress> parse_hub_address(std::string_view address) {
  const auto bad = [&](const char* what) {
    return Error{ErrorCode::invalid_argument, what, fmt::format("{:?}", address.substr(0, kMaxPart)),
                 "Write hf://ORG/REPO, hf://ORG/REPO/FILE.gguf or hf://ORG/REPO@REVISION/FILE.gguf"};
  };
  if (!address.starts_with(kScheme)) return bad("not an address of the hub");
  std::string_view rest = address.substr(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::string_view organisation = take_part(rest);
  const std::string_view repository = take_part(rest);
  const size_t at = std::min(repository.find('@'), repository.size());
  if (!is_name(organisation, "._-") || !is_name(repository.substr(0, at), "._-")) {
    return bad("not a repository");
  }
  HubAddress result;
  result.repository = fmt::format("{}/{}", organisation, repository.substr(0, at));
  result.revision = at == repository.size() ? kDefaultRevision : repository.substr(at + 1);
  result.path = rest;
  if (!is_name(result.revision, "._-%")) return bad("not a revision");
  if (!is_path(rest)) return bad("not a path in a repository");
  return result;
}

std::string pinned_address(const HubAddress& address, std::string_view commit) {
  return fmt::format("{}{}@{}{}{}", kScheme, address.repository, commit, address.path.empty() ? "" : "/",
                     address.path);
}

}  // namespace understudy
