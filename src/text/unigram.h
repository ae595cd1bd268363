// Unigram (T5, XLM-R): of all ways to spell a text in tokens, the one whose scores (log probabilities) add up
// highest. https://github.com/google/sentencepiece/blob/master/src/unigram_model.cc, EncodeOptimized
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "text/segment_encoder.h"
#include "text/vocabulary.h"

namespace understudy {

struct UnigramOptions {
  TokenId unknown = -1;  // for a run of characters that have no token; -1: they leave no trace
  bool space_prefix = true;
  bool remove_extra_spaces = true;  // at both ends, and all but one of a run
};

// `vocabulary` holds decoded tokens, `scores` one finite value per token. Errors: a charsmap of the wrong
// size, a vocabulary of too many distinct prefixes. Encoding is O(bytes x longest token).
Result<std::unique_ptr<const SegmentEncoder>> create_unigram(std::shared_ptr<const Vocabulary> vocabulary,
                                                             std::vector<float> scores,
                                                             std::string_view charsmap,
                                                             UnigramOptions options);

}  // namespace understudy
