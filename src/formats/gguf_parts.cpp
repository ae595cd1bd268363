#include "formats/gguf_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/mapped_file.h"
#include "formats/limits.h"

namespace understudy {

namespace {

using Storage = std::vector<std::shared_ptr<const MappedFile>>;

std::string part_ending(size_t number, size_t parts) {
  return fmt::format("-{:05}-of-{:05}.gguf", number + 1, parts);
}

// The path without the ending that says which part it is.
Result<std::string> stem_of(const std::string& path, size_t parts) {
  for (size_t i = 0; i < parts; ++i) {
    const std::string ending = part_ending(i, parts);
    if (path.ends_with(ending)) return path.substr(0, path.size() - ending.size());
  }
  return Error{ErrorCode::corrupt,
               fmt::format("one of {} parts: expected a file name that ends in {} or so, found {}", parts,
                           part_ending(0, parts), std::filesystem::path(path).filename().string()),
               path, "Give the parts of a split model the names that they were made with"};
}

Status check_presence(const std::string& stem, size_t parts) {
  std::string missing;
  for (size_t i = 0; i < parts; ++i) {
    std::error_code ignored;
    if (std::filesystem::exists(stem + part_ending(i, parts), ignored)) continue;
    missing += (missing.empty() ? "" : ", ") +
               std::filesystem::path(stem + part_ending(i, parts)).filename().string();
  }
  if (missing.empty()) return {};
  return Error{ErrorCode::not_found, fmt::format("expected {} parts, missing {}", parts, missing),
               std::filesystem::path(stem).parent_path().string(), "Get the missing parts into this folder"};
}

Status check_number(const std::string& path, const std::string& key, int64_t expected, int64_t found) {
  if (expected == found) return {};
  return Error{ErrorCode::corrupt, fmt::format("expected {}, found {}", expected, found),
               path + ", key " + key, "The parts are not of one model; get them again"};
}

Status check_unique(const ModelFile& whole) {
  for (const TensorView& tensor : whole.tensors) {
    if (whole.tensor(tensor.name) == &tensor) continue;
    return Error{ErrorCode::corrupt, "two parts have a tensor of this name",
                 whole.path + ", tensor " + tensor.name, "The parts are not of one model; get them again"};
  }
  return {};
}

}  // namespace

Result<ModelFile> read_gguf_parts(const std::string& path, int64_t parts) {
  if (parts > static_cast<int64_t>(kMaxModelParts)) {
    return Error{ErrorCode::unsupported, fmt::format("expected at most {}, found {}", kMaxModelParts, parts),
                 path + ", key split.count", ""};
  }
  const auto count = static_cast<size_t>(parts);
  ASSIGN_OR_RETURN(const std::string stem, stem_of(path, count));
  RETURN_IF_ERROR(check_presence(stem, count));

  ModelFile whole;
  auto storage = std::make_shared<Storage>();
  for (size_t i = 0; i < count; ++i) {
    const std::string part_path = stem + part_ending(i, count);
    ASSIGN_OR_RETURN(auto mapping, MappedFile::open(part_path));
    GgufCursor cursor(mapping->bytes(), part_path);
    ASSIGN_OR_RETURN(GgufPart part, read_gguf_part(cursor));
    RETURN_IF_ERROR(check_number(part_path, "split.count", parts, part.parts));
    RETURN_IF_ERROR(check_number(part_path, "split.no", static_cast<int64_t>(i), part.number));
    if (i == 0) {
      whole = std::move(part.file);
    } else {
      std::move(part.file.tensors.begin(), part.file.tensors.end(), std::back_inserter(whole.tensors));
    }
    storage->push_back(std::move(mapping));
  }

  ASSIGN_OR_RETURN(const int64_t tensors, whole.metadata.get<int64_t>("split.tensors.count"));
  RETURN_IF_ERROR(
      check_number(whole.path, "split.tensors.count", tensors, static_cast<int64_t>(whole.tensors.size())));
  whole.storage = std::move(storage);
  whole.index();
  RETURN_IF_ERROR(check_unique(whole));
  return whole;
}

}  // namespace understudy
