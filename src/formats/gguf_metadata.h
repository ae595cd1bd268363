// The key-value section of a GGUF file.
#pragma once

#include "formats/gguf_cursor.h"
#include "formats/model_file.h"

namespace understudy {

// Reads `count` pairs. Refuses duplicate keys, unknown types, bools other than 0 and 1, integers above 2^63-1
// and arrays of arrays (which no model needs).
Result<Metadata> read_gguf_metadata(GgufCursor& cursor, uint64_t count);

}  // namespace understudy
