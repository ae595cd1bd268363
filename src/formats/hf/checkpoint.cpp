#include "formats/hf/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <map>

#include "base/json.h"
#include "base/mapped_file.h"
#include "formats/limits.h"

namespace understudy {

namespace {

namespace json = boost::json;

const std::string kConfig = "config.json";
const std::string kPooling = "1_Pooling/config.json";
const std::string kWeights = "model.safetensors";
const std::string kIndex = "model.safetensors.index.json";

using Storage = std::vector<std::shared_ptr<const MappedFile>>;

std::string join(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

Error no_weights(const std::string& folder) {
  constexpr std::string_view kHint = "Save it with transformers: model.save_pretrained(FOLDER)";
  for (const char* pickle : {"pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    if (has_hf_file(folder, pickle)) {
      return {ErrorCode::unsupported,
              fmt::format("weights: expected {} or {}, found {}", kWeights, kIndex, pickle), folder,
              std::string(kHint)};
    }
  }
  return {ErrorCode::not_found, fmt::format("weights: expected {} or {}, found neither", kWeights, kIndex),
          folder, std::string(kHint)};
}

// "model-00001-of-00003.safetensors", and nothing that leaves the folder.
bool is_shard_name(std::string_view name) {
  auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  return name.size() <= kMaxShownBytes && !name.starts_with('.') && name.ends_with(".safetensors") &&
         std::all_of(name.begin(), name.end(), plain);
}

// Where the index says that each tensor lies.
using WeightMap = std::map<std::string, std::string, std::less<>>;

Result<WeightMap> read_index(const std::string& folder) {
  ASSIGN_OR_RETURN(const json::object index, read_hf_json(folder, kIndex, kMaxHfJsonBytes));
  const std::string path = join(folder, kIndex);
  const json::value* entries = index.if_contains("weight_map");
  if (entries == nullptr || !entries->is_object()) {
    return Error{ErrorCode::corrupt, "weight_map: expected an object", path, ""};
  }
  WeightMap map;
  for (const auto& [tensor, shard] : entries->get_object()) {
    if (!shard.is_string() || !is_shard_name(shard.get_string())) {
      return Error{ErrorCode::corrupt,
                   "weight_map: expected the name of a .safetensors file in this folder, found " +
                       json::serialize(shard).substr(0, kMaxShownBytes),
                   path, ""};
    }
    map.emplace(std::string(tensor), std::string(shard.get_string()));
  }
  return map;
}

Status add_file(const std::string& path, HfCheckpoint& checkpoint, Storage& storage) {
  ASSIGN_OR_RETURN(auto mapping, MappedFile::open(path));
  ASSIGN_OR_RETURN(SafetensorsFile file, read_safetensors(mapping->bytes(), path));
  std::move(file.tensors.begin(), file.tensors.end(), std::back_inserter(checkpoint.tensors));
  std::move(file.foreign.begin(), file.foreign.end(), std::back_inserter(checkpoint.foreign));
  storage.push_back(std::move(mapping));
  return {};
}

// What the shards hold is what the index says of them.
Status check_against_index(const std::string& shard, size_t first_tensor, size_t first_foreign,
                           const HfCheckpoint& checkpoint, WeightMap& missing) {
  auto check = [&](const std::string& name) -> Status {
    const auto entry = missing.find(name);
    if (entry == missing.end() || entry->second != shard) {
      return Error{ErrorCode::corrupt,
                   fmt::format("the tensor {} is in {}; expected {}", name, shard,
                               entry == missing.end() ? "it once, where the index names it" : entry->second),
                   join(checkpoint.folder, kIndex), "The shards are not of one model; get them again"};
    }
    missing.erase(entry);
    return {};
  };
  for (size_t i = first_tensor; i < checkpoint.tensors.size(); ++i)
    RETURN_IF_ERROR(check(checkpoint.tensors[i].name));
  for (size_t i = first_foreign; i < checkpoint.foreign.size(); ++i)
    RETURN_IF_ERROR(check(checkpoint.foreign[i].name));
  return {};
}

Status add_shards(HfCheckpoint& checkpoint, Storage& storage) {
  ASSIGN_OR_RETURN(WeightMap missing, read_index(checkpoint.folder));
  std::map<std::string, size_t> shards;  // and how many tensors the index puts into each
  for (const auto& [tensor, shard] : missing) ++shards[shard];
  if (shards.size() > kMaxModelParts) {
    return Error{
        ErrorCode::unsupported,
        fmt::format("weight_map: expected at most {} files, found {}", kMaxModelParts, shards.size()),
        join(checkpoint.folder, kIndex), ""};
  }
  std::string absent;
  for (const auto& [shard, count] : shards) {
    if (!has_hf_file(checkpoint.folder, shard)) absent += (absent.empty() ? "" : ", ") + shard;
  }
  if (!absent.empty()) {
    return Error{ErrorCode::not_found,
                 fmt::format("shards: expected {} files, missing {}", shards.size(), absent),
                 checkpoint.folder, "Get the missing files of the model into this folder"};
  }
  for (const auto& [shard, count] : shards) {
    const size_t first_tensor = checkpoint.tensors.size(), first_foreign = checkpoint.foreign.size();
    RETURN_IF_ERROR(add_file(join(checkpoint.folder, shard), checkpoint, storage));
    RETURN_IF_ERROR(check_against_index(shard, first_tensor, first_foreign, checkpoint, missing));
  }
  if (missing.empty()) return {};
  const auto& [tensor, shard] = *missing.begin();
  return Error{ErrorCode::corrupt, fmt::format("the tensor {} is missing in {}", tensor, shard),
               join(checkpoint.folder, kIndex), "The shards are not of one model; get them again"};
}

}  // namespace

std::string hf_folder(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return path;
  const std::filesystem::path file(path);
  if (file.filename() != kConfig) return "";
  return file.has_parent_path() ? file.parent_path().string() : ".";
}

bool has_hf_file(const std::string& folder, const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(join(folder, name), ignored);
}

Result<json::object> read_hf_json(const std::string& folder, const std::string& name, uint64_t max_bytes) {
  const std::string path = join(folder, name);
  ASSIGN_OR_RETURN(const auto mapping, MappedFile::open(path));
  const auto bytes = mapping->bytes();
  if (bytes.size() > max_bytes) {
    return Error{ErrorCode::unsupported,
                 fmt::format("expected at most {} bytes, found {}", max_bytes, bytes.size()), path, ""};
  }
  auto value =
      parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, {.max_depth = kMaxHfJsonDepth});
  if (!value.ok()) {
    const bool exhausted = value.error().code == ErrorCode::exhausted;
    return Error{exhausted ? ErrorCode::exhausted : ErrorCode::corrupt, value.error().what,
                 path + ", " + value.error().where, ""};
  }
  if (value->is_object()) return std::move(value->get_object());
  return Error{ErrorCode::corrupt, "expected a JSON object", path, ""};
}

Result<HfCheckpoint> read_hf_checkpoint(const std::string& folder) {
  HfCheckpoint checkpoint;
  checkpoint.folder = folder;
  ASSIGN_OR_RETURN(checkpoint.config, read_hf_json(folder, kConfig, kMaxHfJsonBytes));
  if (has_hf_file(folder, kPooling)) {
    ASSIGN_OR_RETURN(checkpoint.pooling, read_hf_json(folder, kPooling, kMaxHfJsonBytes));
  }
  auto storage = std::make_shared<Storage>();
  if (has_hf_file(folder, kWeights)) {
    RETURN_IF_ERROR(add_file(join(folder, kWeights), checkpoint, *storage));
  } else if (has_hf_file(folder, kIndex)) {
    RETURN_IF_ERROR(add_shards(checkpoint, *storage));
  } else {
    return no_weights(folder);
  }
  checkpoint.storage = std::move(storage);
  return checkpoint;
}

}  // namespace understudy
