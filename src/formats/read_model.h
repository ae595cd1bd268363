// Whatever a user calls a model, as a ModelFile: a GGUF file, any part of a split one, or a Hugging Face
// folder (or its config.json) with tokenizer.
#pragma once

#include <string>

#include "formats/model_file.h"

namespace understudy {

// Errors are those of read_gguf (gguf.h), read_hf_checkpoint (hf/checkpoint.h), model_from_hf (hf/model.h)
// and add_hf_tokenizer (hf/tokenizer.h).
Result<ModelFile> read_model(const std::string& path);

// The ModelFile's architecture, without reading the tokenizer of a folder.
Result<std::string> model_architecture(const std::string& path);

}  // namespace understudy
