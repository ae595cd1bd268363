// The tokenizer part of a model file, as text/tokenizer.h wants it.
// Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, "Tokenizer"
#pragma once

#include "base/result.h"
#include "formats/model_file.h"
#include "text/tokenizer.h"

namespace understudy {

// Reads tokenizer.ggml.*. Errors: a key that is missing or of the wrong type (named), a kind of tokenizer
// that is not supported. What the values mean together is checked by Tokenizer::create.
Result<TokenizerSpec> tokenizer_spec(const ModelFile& file);

}  // namespace understudy
