// SentencePiece-style BPE with byte fallback (Gemma): there are no words; characters of the whole segment
// merge, the token of the highest score first.
#pragma once

#include <memory>
#include <vector>

#include "text/segment_encoder.h"
#include "text/vocabulary.h"

namespace understudy {

// What SentencePiece writes for a space.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

// `vocabulary` holds decoded tokens: spaces for kSpaceMark, one byte for "<0xNN>". `scores` has one finite
// value per token. `unknown` (may be -1: nothing) stands for characters that have neither a token nor byte
// tokens; a run of them gives one. With `space_prefix`, a segment is encoded as if a space stood before it.
std::unique_ptr<const SegmentEncoder> create_sentencepiece_bpe(std::shared_ptr<const Vocabulary> vocabulary,
                                                               std::vector<float> scores, TokenId unknown,
                                                               bool space_prefix);

}  // namespace understudy
