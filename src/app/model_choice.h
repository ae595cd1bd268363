// Which files of a repository or package make up a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

// "model-00002-of-00003.safetensors": one of several files that belong together (the naming of llama.cpp's
// gguf-split and of safetensors shards).
struct NumberedPart {
  std::string stem;  // "model"
  int number = 0;    // from 1
  int count = 0;
  std::string ending;  // ".safetensors"
};
std::optional<NumberedPart> numbered_part(std::string_view name);

struct ListedFile {
  std::string path;    // in the repository or package
  uint64_t bytes = 0;  // 0 if unknown
};

struct ChosenFile {
  ListedFile file;
  std::string name;  // in the model's folder: config.json, 1_Pooling/config.json, ...
};

// The model that `wanted` names among `files`:
//   - a .gguf file: it, or if it is part of a split model, all parts;
//   - "" or a folder: the only GGUF model there; among several the Q4_K_M one; without any, a folder in
//   Hugging
//     Face's layout (model_folder_files).
// Errors: not_found, invalid_argument (several models, none preferred); the hint lists what is there, as
// addresses that begin with `address`. corrupt when a part is missing.
Result<std::vector<ChosenFile>> choose_model(const std::vector<ListedFile>& files, const std::string& wanted,
                                             const std::string& address);

// Files of the folder `prefix` ("" or ending in '/') in Hugging Face's layout: config.json,
// model.safetensors or its shards with their index, and the tokenizer's, template's and pooling's files.
// not_found without config.json or weights; corrupt when a shard is missing.
Result<std::vector<ChosenFile>> model_folder_files(const std::vector<ListedFile>& files,
                                                   const std::string& prefix);

}  // namespace understudy
