// The tokens of a model by id, and by the bytes they stand for. Immutable once built; safe to share between
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

class Vocabulary {
 public:
  using Type = TokenizerSpec::TokenType;

  // `tokens`: the bytes each token decodes to (control tokens: their name). `types` has the same length.
  Vocabulary(std::vector<std::string> tokens, std::vector<Type> types);
  Vocabulary(const Vocabulary&) = delete;  // slots_ is sized for tokens_; there is no need for a copy
  Vocabulary& operator=(const Vocabulary&) = delete;

  TokenId size() const { return static_cast<TokenId>(tokens_.size()); }
  const std::string& token(TokenId id) const { return tokens_[id]; }
  Type type(TokenId id) const { return types_[id]; }

  // The token that stands for `bytes`, -1 if there is none. Tokens of type byte and unused are not found; of
  // several with the same bytes a normal one is found, and of those the lowest id.
  TokenId find(std::string_view bytes) const;

 private:
  struct Slot {
    uint32_t hash = 0;
    TokenId id = -1;  // -1: empty
  };
  void insert(TokenId id);

  std::vector<std::string> tokens_;
  std::vector<Type> types_;
  std::vector<Slot> slots_;  // open addressing, linear probing, a power of two of at least twice the tokens
};

}  // namespace understudy
