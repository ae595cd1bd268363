// A Hugging Face checkpoint as a ModelFile: the family's keys and tensors (family.h) under their neutral
// names. Values are copied only where a transform asks for it; the other tensors stay in the mapped files.
#pragma once

#include "formats/hf/checkpoint.h"
#include "formats/model_file.h"

namespace understudy {

// Without tokenizer. Errors name file, key or tensor, expected and found: corrupt, or unsupported
// (model_type, an option of the family, a tensor that the family does not know). Shapes are checked by
// src/arch.
Result<ModelFile> model_from_hf(HfCheckpoint checkpoint);

// What model_from_hf will say of a folder, from its config.json alone.
Result<std::string> hf_architecture(const std::string& folder);

}  // namespace understudy
