// The model, normaliser and pre-tokeniser of a tokenizer.json whose model is BPE, as keys tokenizer.ggml.*:
// byte-level BPE becomes "gpt2" with the name of its pre-tokeniser; BPE with byte fallback becomes "llama"
// with the scores of the SentencePiece model that it was made from, or with its merges if it was not.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "formats/hf/vocabulary.h"
#include "formats/model_file.h"

namespace understudy {

// Sets model, tokens, pre, merges or scores and add_space_prefix; types byte and unknown tokens in
// `vocabulary`. Errors name `path` and the key: corrupt, or unsupported (what cannot be said in these keys).
Status add_hf_bpe(const boost::json::object& tokenizer, HfVocabulary& vocabulary, const std::string& path,
                  Metadata& metadata);

}  // namespace understudy
