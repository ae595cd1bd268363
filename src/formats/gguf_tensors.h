// The tensor table of a GGUF file.
#pragma once

#include <vector>

#include "formats/gguf_cursor.h"
#include "formats/model_file.h"

namespace understudy {

// Reads `count` tensor descriptions and finds their bytes behind the table: shapes, types, offsets (multiples
// of `alignment`) and sizes are checked, and no two tensors share a byte. Names may still repeat.
Result<std::vector<TensorView>> read_gguf_tensors(GgufCursor& cursor, uint64_t count, uint64_t alignment);

}  // namespace understudy
