// The tokenizer and chat template of a Hugging Face folder, as the keys tokenizer.ggml.* and
// tokenizer.chat_template that a GGUF file would hold. Read are tokenizer.json, tokenizer_config.json,
// special_tokens_map.json, generation_config.json, config.json (special ids) and chat_template.jinja; only
// the first must be there. https://huggingface.co/docs/tokenizers/api/tokenizer
#pragma once

#include <string>

#include "formats/model_file.h"

namespace understudy {

// Ids that end an answer, of generation_config.json: an array of integers beside GGUF's own keys.
inline constexpr const char* kEndTokenIdsKey = "tokenizer.end_token_ids";

// Adds them to `file`, whose embedding bounds the ids. Errors name file and key, expected and found:
// not_found (no tokenizer.json), corrupt, unsupported (a normaliser, pre-tokeniser or model that no tokenizer
// here is).
Status add_hf_tokenizer(const std::string& folder, ModelFile& file);

}  // namespace understudy
