// The models on this machine: $UNDERSTUDY_HOME/models (default ~/.understudy/models), one NAME.gguf and one
// NAME.json (the manifest) each. A model exists when its manifest does: pull writes the manifest last, after
// the bytes were verified.
//
// Names come from users and from the network. They are checked against one grammar before they touch a path,
// and files are opened relative to the store's directory without following symbolic links.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

struct Manifest {
  std::string name;
  std::string source;  // where the bytes came from: https://..., pypi://..., file://...
  std::string sha256;  // 64 lower-case hex digits
  uint64_t bytes = 0;
  std::string licence;    // "" when the source does not say
  std::string pulled_at;  // UTC, ISO 8601: 2026-01-31T12:00:00Z
};

// The manifest as JSON text and back. A missing field, a bad digest or a bad name is Error{corrupt}.
std::string to_json(const Manifest& manifest);
Result<Manifest> parse_manifest(std::string_view json, const std::string& where);

// NAME or NAME:TAG; both of [A-Za-z0-9][A-Za-z0-9._-]*, at most 64 characters each; not NAME.gguf.
Status check_model_name(std::string_view name);
// ^[0-9a-f]{64}$
bool is_sha256(std::string_view digest);

class ModelStore {
 public:
  // Opens the store of this user, creating its directories when they are missing.
  static Result<ModelStore> open();

  // Sorted by name. Files without a valid manifest are not models and are left out.
  Result<std::vector<Manifest>> list() const;
  // Error{not_found} says how to pull it.
  Result<Manifest> find(std::string_view name) const;
  Status remove(std::string_view name) const;

  // Moves the store's file `partial` (see partial_path) into place and records it.
  Status install(const std::string& partial, const Manifest& manifest) const;

  // Paths inside the store of a name that check_model_name accepts.
  std::string model_file(std::string_view name) const { return entry(name, ".gguf"); }
  std::string partial_path(std::string_view name) const { return entry(name, "~partial"); }
  const std::string& cache_directory() const { return cache_; }
  const std::string& directory() const { return models_; }

 private:
  ModelStore(std::string models, std::string cache) : models_(std::move(models)), cache_(std::move(cache)) {}
  std::string entry(std::string_view name, std::string_view suffix) const;
  std::string models_, cache_;
};

// The GGUF file that MODEL on a command line means: a path (it contains '/' or ends in ".gguf") or a pulled
// model's name.
Result<std::string> model_path(const std::string& name_or_path);

}  // namespace understudy
