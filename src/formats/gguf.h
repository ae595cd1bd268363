// GGUF v2 and v3 -> ModelFile. A model file is hostile input: magic, version, counts, string lengths, types, dimensions,
// offsets, alignment, overlaps and the file's size are validated before anything is allocated, and the largest allocation
// is bounded by the file's size. Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <span>
#include <string>

#include "formats/model_file.h"

namespace understudy {

// Maps the file and reads its header; tensor bytes stay in the mapping.
Result<ModelFile> read_gguf(const std::string& path);

// The same over bytes in memory (tests, fuzzing). `bytes` must outlive the ModelFile.
Result<ModelFile> read_gguf(std::span<const std::byte> bytes, const std::string& name);

}  // namespace understudy
