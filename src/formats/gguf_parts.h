// Split GGUF models: NAME-00001-of-00003.gguf and so on, in one folder. The first part holds the keys, every
// part holds tensors and says which part of how many it is. Source: llama.cpp, tools/gguf-split.
#pragma once

#include "formats/gguf_cursor.h"
#include "formats/model_file.h"

namespace understudy {

// One file; of a split model a part.
struct GgufPart {
  ModelFile file;
  int64_t number = 0, parts = 1;  // split.no (from 0) and split.count
};

Result<GgufPart> read_gguf_part(GgufCursor& cursor);

// The whole model of which `path` is one of `parts` parts. Errors: not_found (missing parts are named),
// corrupt (a file name, number or count that contradicts the others; a tensor in two parts), unsupported
// (more than kMaxModelParts).
Result<ModelFile> read_gguf_parts(const std::string& path, int64_t parts);

}  // namespace understudy
