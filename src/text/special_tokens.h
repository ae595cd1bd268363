// Tokens that are matched in the text before anything else: leftmost, and the longest that starts there
// (Hugging Face's AddedVocabulary). Immutable once built; safe to share between threads.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_text.h"
#include "text/tokenizer.h"

namespace understudy {

class SpecialTokens {
 public:
  struct Token {
    std::string text;  // empty ones are ignored
    TokenId id = -1;
    bool trusted_only = true;  // control tokens: never in bytes that a user, a tool or a document supplied
  };
  struct Match {
    size_t begin = 0, end = 0;
    TokenId id = -1;
  };

  explicit SpecialTokens(std::vector<Token> tokens);

  // All matches in `text`, ascending and disjoint. A trusted_only token must not touch an untrusted byte.
  // O(bytes x longest token x log tokens).
  std::vector<Match> find_all(std::string_view text, const std::vector<PromptText::Span>& untrusted) const;

  // The id of an exact text, -1 if there is none.
  TokenId find(std::string_view text) const;

 private:
  struct Range {
    size_t begin = 0, end = 0;
  };
  Range narrow(Range range, size_t depth, unsigned char byte) const;
  const Token* longest_at(std::string_view text, size_t trusted_bytes) const;

  std::vector<Token> tokens_;             // by text, unique
  std::array<Range, 256> by_first_byte_;  // into tokens_
};

}  // namespace understudy
