// SentencePiece-style BPE with byte fallback (Gemma): there are no words; characters of the whole segment
// merge, by the rank of a merge list (Gemma 4), or the token of the highest score first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/segment_encoder.h"
#include "text/vocabulary.h"

namespace understudy {

// `vocabulary` holds decoded tokens: spaces for kSpaceMark, one byte for "<0xNN>". `merges` are those of
// TokenizerSpec; without any, `scores` has one finite value per token. `unknown` (may be -1: nothing) stands
// for characters that have neither a token nor byte tokens; a run of them gives one. With `space_prefix`, a
// segment is encoded as if a space stood before it. Errors: a merge that is not two tokens, or whose result
// is no token.
Result<std::unique_ptr<const SegmentEncoder>> create_sentencepiece_bpe(
    std::shared_ptr<const Vocabulary> vocabulary, std::vector<float> scores,
    const std::vector<std::string>& merges, TokenId unknown, bool space_prefix);

}  // namespace understudy
