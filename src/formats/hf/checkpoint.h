// The configuration and weights of a Hugging Face folder, as transformers' save_pretrained writes them: still
// under their own names. Everything in the folder is hostile input (limits.h, safetensors.h); shards are
// opened only inside the folder.
// https://huggingface.co/docs/transformers/en/main_classes/model#transformers.PreTrainedModel.save_pretrained
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "formats/safetensors.h"

namespace understudy {

struct HfCheckpoint {
  std::string folder;
  boost::json::object config;          // config.json
  boost::json::object pooling;         // 1_Pooling/config.json of sentence-transformers; may be empty
  std::vector<TensorView> tensors;     // of all shards; no name twice
  std::vector<ForeignTensor> foreign;  // those of them that a TensorView cannot hold
  std::shared_ptr<const void> storage;
};

// The folder that `path` means, if it is one or its config.json; empty otherwise.
std::string hf_folder(const std::string& path);

// FOLDER/NAME, a JSON object of at most `max_bytes`. Error{not_found} if there is no such file.
Result<boost::json::object> read_hf_json(const std::string& folder, const std::string& name,
                                         uint64_t max_bytes);
bool has_hf_file(const std::string& folder, const std::string& name);

// Reads config.json and maps model.safetensors, or the shards of model.safetensors.index.json. Errors name
// the file: not_found (missing shards are named), corrupt, unsupported (weights that are not safetensors).
Result<HfCheckpoint> read_hf_checkpoint(const std::string& folder);

}  // namespace understudy
