// SentencePiece's precompiled normalisation (NFKC and more): which text is replaced by which. A double-array
// trie of what is replaced, and the replacements. The layout is that of darts-clone's units:
// https://github.com/google/sentencepiece/blob/master/src/normalizer.cc, DecodePrecompiledCharsMap
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

// Immutable; safe to share between threads.
class Charsmap {
 public:
  // An empty blob replaces nothing. Error{corrupt}: sizes that do not fit. What the trie says is checked
  // where it is read: a damaged one replaces less.
  static Result<Charsmap> create(std::string_view blob);

  struct Match {
    size_t length = 0;  // bytes of the text; 0: nothing that starts here is replaced
    std::string_view replacement;
  };
  // The longest start of `text` that is replaced.
  Match longest_match(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;  // each ends with a NUL
};

}  // namespace understudy
