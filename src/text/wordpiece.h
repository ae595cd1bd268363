// WordPiece (BERT, all-minilm): text is cleaned and cut into words, each is spelled with the longest tokens
// from left to right, and one that cannot be spelled becomes the unknown token.
// https://github.com/google-research/bert/blob/master/tokenization.py
#pragma once

#include <memory>

#include "text/segment_encoder.h"
#include "text/vocabulary.h"

namespace understudy {

struct WordpieceOptions {
  bool lowercase = true;
  bool strip_accents = true;
  TokenId unknown = -1;  // -1: words that cannot be spelled leave no trace
};

// `vocabulary` holds decoded tokens: those that start a word begin with a space. O(bytes x longest token).
std::unique_ptr<const SegmentEncoder> create_wordpiece(std::shared_ptr<const Vocabulary> vocabulary,
                                                       WordpieceOptions options);

}  // namespace understudy
