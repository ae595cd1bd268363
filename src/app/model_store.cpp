#include "app/model_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "app/home.h"
#include "base/file_descriptor.h"
#include "base/sha256.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMaxNamePart = 64, kMaxFileName = 200;
constexpr size_t kMaxManifestBytes = 256 * 1024;  // a folder of a thousand files

bool is_name_part(std::string_view part, size_t longest) {
  auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (part.empty() || part.size() > longest || !letter_or_digit(part[0])) return false;
  return std::all_of(part.begin(), part.end(),
                     [&](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

Status write_whole(const std::string& path, std::string_view text) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return system_error("cannot create the file", path);
  for (size_t done = 0; done < text.size();) {
    ssize_t written = ::write(file.get(), text.data() + done, text.size() - done);
    if (written < 0) return system_error("cannot write the file", path);
    done += static_cast<size_t>(written);
  }
  if (::fsync(file.get()) != 0) return system_error("cannot write the file", path);
  return Status();
}

// The text of a small regular file inside the store; a symbolic link is refused.
Result<std::string> read_entry(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return system_error("cannot open the manifest", path);
  std::string text(kMaxManifestBytes + 1, '\0');
  ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return system_error("cannot read the manifest", path);
  if (static_cast<size_t>(size) > kMaxManifestBytes) {
    return Error{ErrorCode::corrupt, "the manifest is larger than 256 KiB", path, ""};
  }
  text.resize(static_cast<size_t>(size));
  return text;
}

Status sync_directory(const std::string& path) {
  FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0)
    return system_error("cannot write the directory", path);
  return Status();
}

Status rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot move the file into place", to);
  return Status();
}

std::optional<uint64_t> bytes_at(const json::object& object) {
  const json::value* bytes = object.if_contains("bytes");
  if (bytes == nullptr || !bytes->is_number()) return std::nullopt;
  json::error_code code;
  const auto value = bytes->to_number<uint64_t>(code);
  return code ? std::nullopt : std::optional(value);
}

// False if "files" is there and broken.
bool parse_files(const json::object& manifest, std::vector<ModelPart>& files) {
  const json::value* list = manifest.if_contains("files");
  if (list == nullptr) return true;
  if (!list->is_array() || list->as_array().empty()) return false;
  for (const json::value& entry : list->as_array()) {
    const json::object* file = entry.if_object();
    const json::value* path = file == nullptr ? nullptr : file->if_contains("path");
    const json::value* sha256 = file == nullptr ? nullptr : file->if_contains("sha256");
    if (path == nullptr || !path->is_string() || sha256 == nullptr || !sha256->is_string()) return false;
    const auto bytes = bytes_at(*file);
    files.push_back({std::string(path->as_string()), bytes.value_or(0), std::string(sha256->as_string())});
    if (!bytes || !is_part_path(files.back().path) || !is_sha256(files.back().sha256)) return false;
  }
  return true;
}

// Error{corrupt} unless `path` is a regular file of `bytes` bytes.
Status check_file(const std::string& path, uint64_t bytes) {
  const auto corrupt = [&](std::string what) {
    return Error{ErrorCode::corrupt, std::move(what), path, "Remove the model and pull it again"};
  };
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return corrupt("the model's file is missing");
  if (!S_ISREG(info.st_mode)) return corrupt("the model's file is not a regular file");
  if (static_cast<uint64_t>(info.st_size) != bytes) {
    return corrupt(fmt::format("the model's file has {} bytes, expected {}", info.st_size, bytes));
  }
  return Status();
}

Error not_pulled(std::string_view name) {
  return Error{ErrorCode::not_found, fmt::format("there is no model '{}' on this machine", name), "",
               fmt::format("Pull it: understudy pull {}; see what is here: understudy list", name)};
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  json::object value{{"name", manifest.name},       {"source", manifest.source},
                     {"sha256", manifest.sha256},   {"bytes", manifest.bytes},
                     {"licence", manifest.licence}, {"pulled_at", manifest.pulled_at}};
  if (!manifest.files.empty()) {
    json::array& files = value["files"].emplace_array();
    for (const ModelPart& file : manifest.files) {
      files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    }
  }
  return json::serialize(value);
}

std::string folder_sha256(std::vector<ModelPart> files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  Sha256 sha;
  for (const ModelPart& file : files) {
    const std::string line = fmt::format("{}  {}\n", file.sha256, file.path);
    sha.update(std::as_bytes(std::span(line)));
  }
  return sha.hex();
}

Result<Manifest> parse_manifest(std::string_view text, const std::string& where) {
  auto corrupt = [&](std::string what) {
    return Error{ErrorCode::corrupt, std::move(what), where, "Remove the model and pull it again"};
  };
  json::error_code code;
  json::value value = json::parse(text, code);
  if (code || !value.is_object()) return corrupt("the manifest is not a JSON object");

  Manifest manifest;
  for (auto [key, field] : {std::pair{"name", &manifest.name}, std::pair{"source", &manifest.source},
                            std::pair{"sha256", &manifest.sha256}, std::pair{"licence", &manifest.licence},
                            std::pair{"pulled_at", &manifest.pulled_at}}) {
    const json::value* found = value.as_object().if_contains(key);
    if (found == nullptr || !found->is_string())
      return corrupt(fmt::format("the manifest has no text '{}'", key));
    *field = std::string(found->as_string());
  }
  const auto bytes = bytes_at(value.as_object());
  if (!bytes) return corrupt("'bytes' in the manifest is not a size");
  manifest.bytes = *bytes;
  if (!parse_files(value.as_object(), manifest.files)) return corrupt("'files' in the manifest is not right");
  if (!is_sha256(manifest.sha256)) return corrupt("'sha256' in the manifest is not 64 hex digits");
  RETURN_IF_ERROR(check_model_name(manifest.name));
  return manifest;
}

bool is_sha256(std::string_view digest) {
  return digest.size() == 64 && std::all_of(digest.begin(), digest.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_part_path(std::string_view path) {
  const auto is_part = [](std::string_view part) {
    return is_name_part(part.starts_with('_') ? part.substr(1) : part, kMaxFileName);
  };
  const size_t slash = path.find('/');
  return is_part(path.substr(0, slash)) &&
         (slash == std::string_view::npos || is_part(path.substr(slash + 1)));
}

Status check_model_name(std::string_view name) {
  size_t colon = name.find(':');
  bool good = is_name_part(name.substr(0, colon), kMaxNamePart);
  if (colon != std::string_view::npos) good = good && is_name_part(name.substr(colon + 1), kMaxNamePart);
  if (good && !name.ends_with(".gguf")) return Status();  // that would read as a path
  return Error{ErrorCode::invalid_argument, "not a model name", fmt::format("{:?}", name.substr(0, 80)),
               "A name is NAME or NAME:TAG of letters, digits, '.', '_' and '-', such as smollm2:135m"};
}

Result<ModelStore> ModelStore::open() {
  ASSIGN_OR_RETURN(const std::string root, home_directory());
  ModelStore store(root + "/models", root + "/cache");
  for (const std::string& directory : {store.models_, store.cache_}) {
    std::error_code code;
    fs::create_directories(directory, code);
    if (code) {
      return Error{ErrorCode::io, "cannot create the folder: " + code.message(), directory,
                   "Set UNDERSTUDY_HOME to a folder that you may write to"};
    }
  }
  return store;
}

std::string ModelStore::entry(std::string_view name, std::string_view suffix) const {
  return fmt::format("{}/{}{}", models_, name, suffix);
}

Result<std::vector<Manifest>> ModelStore::list() const {
  std::vector<Manifest> manifests;
  std::error_code code;
  for (const fs::directory_entry& file : fs::directory_iterator(models_, code)) {
    if (file.path().extension() != ".json") continue;
    if (auto manifest = find(file.path().stem().string()); manifest.ok()) manifests.push_back(*manifest);
  }
  if (code) return Error{ErrorCode::io, "cannot list the folder: " + code.message(), models_, ""};
  std::sort(manifests.begin(), manifests.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return manifests;
}

Result<Manifest> ModelStore::find(std::string_view name) const {
  RETURN_IF_ERROR(check_model_name(name));
  std::string path = entry(name, ".json");
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return not_pulled(name);
  ASSIGN_OR_RETURN(std::string text, read_entry(path));
  ASSIGN_OR_RETURN(Manifest manifest, parse_manifest(text, path));
  if (manifest.name != name) {
    return Error{ErrorCode::corrupt, fmt::format("the manifest is that of '{}'", manifest.name), path,
                 "Remove the model and pull it again"};
  }
  if (manifest.files.empty()) RETURN_IF_ERROR(check_file(model_file(name), manifest.bytes));
  for (const ModelPart& file : manifest.files) {
    RETURN_IF_ERROR(check_file(model_folder(name) + "/" + file.path, file.bytes));
  }
  return manifest;
}

std::vector<std::string> ModelStore::paths(const Manifest& manifest) const {
  if (manifest.files.empty()) return {model_file(manifest.name)};
  std::vector<std::string> paths;
  for (const ModelPart& file : manifest.files) {
    paths.push_back(model_folder(manifest.name) + "/" + file.path);
  }
  return paths;
}

ModelLocation ModelStore::location(const Manifest& manifest) const {
  const std::string first = paths(manifest)[0];
  ModelLocation location(first.ends_with(".gguf") ? first : model_folder(manifest.name));
  location.packed = packed_file(manifest.name);
  location.source = manifest.sha256;
  return location;
}

uint64_t ModelStore::packed_bytes(std::string_view name) const {
  std::error_code code;
  const auto bytes = fs::file_size(packed_file(name), code);
  return code ? 0 : bytes;
}

Status ModelStore::remove_files(std::string_view name) const {
  for (const std::string& file : {model_file(name), packed_file(name), packed_file(name) + ".part"}) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove the model", file);
  }
  std::error_code code;
  fs::remove_all(model_folder(name), code);
  if (code) return Error{ErrorCode::io, "cannot remove the model: " + code.message(), model_folder(name), ""};
  return Status();
}

Status ModelStore::remove(std::string_view name) const {
  RETURN_IF_ERROR(check_model_name(name));
  // The manifest goes first: without it the model does not exist, whatever happens next.
  if (::unlink(entry(name, ".json").c_str()) != 0) {
    if (errno == ENOENT) return not_pulled(name);
    return system_error("cannot remove the manifest", entry(name, ".json"));
  }
  return remove_files(name);
}

Status ModelStore::install(const std::string& partial, const Manifest& manifest) const {
  RETURN_IF_ERROR(check_model_name(manifest.name));
  std::string pending = entry(manifest.name, "~manifest");
  RETURN_IF_ERROR(write_whole(pending, to_json(manifest)));
  if (::unlink(entry(manifest.name, ".json").c_str()) != 0 && errno != ENOENT) {
    return system_error("cannot replace the manifest", entry(manifest.name, ".json"));
  }
  RETURN_IF_ERROR(remove_files(manifest.name));
  const std::string place = manifest.files.empty() ? model_file(manifest.name) : model_folder(manifest.name);
  RETURN_IF_ERROR(rename_file(partial, place));
  RETURN_IF_ERROR(rename_file(pending, entry(manifest.name, ".json")));
  return sync_directory(models_);
}

Result<ModelLocation> find_model(const std::string& name_or_path) {
  bool is_path = name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".gguf");
  if (is_path) {
    if (::access(name_or_path.c_str(), R_OK) == 0) return ModelLocation(name_or_path);
    return Error{ErrorCode::not_found, "cannot read the model file: " + std::string(std::strerror(errno)),
                 name_or_path,
                 "Give the path of a GGUF file or of a folder with safetensors, or the name of a pulled "
                 "model (understudy list)"};
  }
  ASSIGN_OR_RETURN(ModelStore store, ModelStore::open());
  ASSIGN_OR_RETURN(const Manifest manifest, store.find(name_or_path));
  return store.location(manifest);
}

}  // namespace understudy
