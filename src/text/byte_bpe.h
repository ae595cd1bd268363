// Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM): the pre-tokeniser cuts text into words, and inside a word
// bytes merge by the rank of the merge list.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/segment_encoder.h"
#include "text/vocabulary.h"

namespace understudy {

// The bytes that a token stands for which is spelled in GPT-2's byte alphabet (U+0120 "the" is " the");
// nullopt if it holds another character.
std::optional<std::string> decode_byte_alphabet(std::string_view token);

// `vocabulary` holds decoded tokens; `merges` and `pre` are those of TokenizerSpec. Errors: unknown `pre`, a
// merge that is not two tokens, or whose result is no token.
Result<std::unique_ptr<const SegmentEncoder>> create_byte_bpe(std::shared_ptr<const Vocabulary> vocabulary,
                                                              const std::vector<std::string>& merges,
                                                              std::string_view pre);

}  // namespace understudy
