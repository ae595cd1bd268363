// The model, normaliser and pre-tokeniser of a tokenizer.json whose model is WordPiece (BERT), as keys
// tokenizer.ggml.*.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "formats/hf/vocabulary.h"
#include "formats/model_file.h"

namespace understudy {

// Sets model, tokens (spelled as in GGUF: U+2581 starts a word, where tokenizer.json marks the other tokens
// with
// ##), unknown_token_id and the normaliser's switches; types the unknown token in `vocabulary`. Errors name
// `path` and the key: unsupported (another normaliser or pre-tokeniser than BERT's).
Status add_hf_wordpiece(const boost::json::object& tokenizer, HfVocabulary& vocabulary,
                        const std::string& path, Metadata& metadata);

}  // namespace understudy
