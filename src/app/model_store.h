// The models on this machine: $UNDERSTUDY_HOME/models (default ~/.understudy/models), for each a NAME.json
// (the manifest) and either NAME.gguf or the folder NAME.model, which holds what Hugging Face's layout names
// or the parts of a split GGUF; and, once it was loaded, NAME.packed (tensor/packed_weights.h). A model exists when its manifest does: pull writes the manifest last, after
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
#include "engine/model_location.h"

namespace understudy {

struct ModelPart {
  std::string path;  // in the model's folder: config.json, 1_Pooling/config.json
  uint64_t bytes = 0;
  std::string sha256;
};

struct Manifest {
  std::string name;
  std::string source;     // where the bytes came from: hf://..., https://..., pypi://..., file://...
  std::string sha256;     // 64 lower-case hex digits: of the file, or folder_sha256 of the files
  uint64_t bytes = 0;     // of all files
  std::string licence;    // "" when the source does not say
  std::string pulled_at;  // UTC, ISO 8601: 2026-01-31T12:00:00Z
  std::vector<ModelPart> files = {};  // of a folder; empty for a single file
};

// SHA-256 of the lines "SHA256  PATH\n" sorted by path: what `sha256sum $(files in order) | sha256sum`
// prints.
std::string folder_sha256(std::vector<ModelPart> files);

// The manifest as JSON text and back. A missing field, a bad digest or a bad name is Error{corrupt}.
std::string to_json(const Manifest& manifest);
Result<Manifest> parse_manifest(std::string_view json, const std::string& where);

// NAME or NAME:TAG; both of [A-Za-z0-9][A-Za-z0-9._-]*, at most 64 characters each; not NAME.gguf.
Status check_model_name(std::string_view name);
// ^[0-9a-f]{64}$
bool is_sha256(std::string_view digest);
// A path of at most two parts of [A-Za-z0-9_][A-Za-z0-9._-]*.
bool is_part_path(std::string_view path);

class ModelStore {
 public:
  // Opens the store of this user, creating its directories when they are missing.
  static Result<ModelStore> open();

  // Sorted by name. Files without a valid manifest are not models and are left out.
  Result<std::vector<Manifest>> list() const;
  // Error{not_found} says how to pull it.
  Result<Manifest> find(std::string_view name) const;
  Status remove(std::string_view name) const;

  // Moves the store's file or folder `partial` (see partial_path) into place and records it. A model of that
  // name is replaced.
  Status install(const std::string& partial, const Manifest& manifest) const;

  // What loads the model: its file, its folder, or the first part of a split GGUF in its folder.
  ModelLocation location(const Manifest& manifest) const;
  // Of the copy of the packed weights; 0 if there is none.
  uint64_t packed_bytes(std::string_view name) const;
  // Its files, in the manifest's order.
  std::vector<std::string> paths(const Manifest& manifest) const;

  // Paths inside the store of a name that check_model_name accepts.
  std::string model_file(std::string_view name) const { return entry(name, ".gguf"); }
  std::string model_folder(std::string_view name) const { return entry(name, ".model"); }
  std::string packed_file(std::string_view name) const { return entry(name, ".packed"); }
  std::string partial_path(std::string_view name) const { return entry(name, "~partial"); }
  std::string partial_folder(std::string_view name) const { return entry(name, "~folder"); }
  const std::string& cache_directory() const { return cache_; }
  const std::string& directory() const { return models_; }

 private:
  ModelStore(std::string models, std::string cache) : models_(std::move(models)), cache_(std::move(cache)) {}
  std::string entry(std::string_view name, std::string_view suffix) const;
  Status remove_files(std::string_view name) const;
  std::string models_, cache_;
};

// What MODEL on a command line means: the path of a GGUF file or folder (it contains '/' or ends in ".gguf"), which has no
// packed copy, or a pulled model's name.
Result<ModelLocation> find_model(const std::string& name_or_path);

}  // namespace understudy
