// GGUF v2 and v3 (little-endian) -> ModelFile. A model file is hostile input: magic, version,
// counts, string lengths, types, dimensions, offsets, alignment, overlaps and the file's size are validated
// before anything is allocated. Decoding uses at most the file's size plus kDecodeSlackBytes (limits.h) of
// memory, time O(n log n) in the size of the header. Source:
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <span>
#include <string>

#include "formats/model_file.h"

namespace understudy {

// Maps the file and reads its header; tensor bytes stay in the mapping. Any part of a split model opens the
// whole, whose parts must lie in one folder (gguf_parts.h). Errors: not_found, io (the file or a part);
// corrupt (it breaks the format); unsupported (big-endian, other versions, nested arrays, tensor types
// outside supported_dtypes(), metadata that needs more memory than the bound above). They name the file and
// the key or tensor.
Result<ModelFile> read_gguf(const std::string& path);

// The same over bytes in memory (tests, fuzzing); a part of a split model is unsupported. `bytes` must
// outlive the ModelFile.
Result<ModelFile> read_gguf(std::span<const std::byte> bytes, const std::string& name);

}  // namespace understudy
