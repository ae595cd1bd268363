// StateMask: which tokens one state of a terminal lets through, computed once a state and kept. A token
// either ends inside the terminal, or it completes the terminal and goes on with what its bytes behind that
// are; those ends are kept as a small trie, because only they depend on where in the answer one is.
// (XGrammar's split into context-independent and dependent tokens, arXiv 2411.15100, on automata over bytes.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/byte_dfa.h"
#include "grammar/byte_trie.h"

namespace understudy {

// One bit a token.
class TokenMask {
 public:
  explicit TokenMask(size_t tokens = 0) : words_((tokens + 63) / 64) {}
  static TokenMask all(size_t tokens) {
    TokenMask mask(tokens);
    std::fill(mask.words_.begin(), mask.words_.end(), ~uint64_t{0});
    return mask;
  }
  void clear() { std::fill(words_.begin(), words_.end(), 0); }
  void set(TokenId id) { words_[static_cast<size_t>(id) / 64] |= uint64_t{1} << (id % 64); }
  void reset(TokenId id) { words_[static_cast<size_t>(id) / 64] &= ~(uint64_t{1} << (id % 64)); }
  bool allows(TokenId id) const { return words_[static_cast<size_t>(id) / 64] >> (id % 64) & 1; }
  // All of `other` but `except` (ascending), which stay as they are.
  void add(const TokenMask& other, const std::vector<TokenId>& except);
  // All of `other`, as far as this mask reaches.
  void add(const TokenMask& other);
  size_t count() const;
  // Ascending, as far as they are below `vocabulary`.
  std::vector<TokenId> tokens(size_t vocabulary) const;
  // The lowest token; -1 if there is none.
  TokenId first() const;
  const std::vector<uint64_t>& words() const { return words_; }
  bool operator==(const TokenMask&) const = default;

 private:
  std::vector<uint64_t> words_;
};

struct StateMask {
  using Ends = std::vector<std::pair<int32_t, ByteTrie>>;

  // Tokens that end inside the terminal; a full mask when they are many.
  std::vector<TokenId> some;
  std::optional<TokenMask> many;
  // Strings with bounds: the tokens inside by the characters that the string then has at least, ascending.
  std::vector<std::pair<uint16_t, TokenId>> by_characters;
  // Tokens that complete the terminal: their bytes behind it, by the place of its label in PlacedMask::labels.
  Ends ends;
  // What holds of the base is not true of these, ascending: tokens inside, tokens that complete.
  std::vector<TokenId> not_inside, not_ends;

  size_t bytes() const;
};

// A StateMask as one automaton's state has it: it adds to what the base says, if there is one.
struct PlacedMask {
  std::shared_ptr<const StateMask> mask;
  std::vector<int32_t> labels;
  std::shared_ptr<const PlacedMask> base;
};

// Masks of one vocabulary, for all grammars. Free text looks alike in all automata and is computed once; a
// state near it is computed as its difference. Thread-safe. Bounded: above max_bytes all are forgotten.
class StateMasks {
 public:
  // `tokens`: the bytes of each; tokens without any are never let through (control tokens, unused ones).
  explicit StateMasks(std::vector<std::string> tokens, size_t max_bytes = size_t{256} << 20);
  // Of a model's tokens.
  static std::shared_ptr<StateMasks> of(const Tokenizer& tokenizer);

  std::shared_ptr<const PlacedMask> of(const ByteDfa& dfa, int32_t state);
  size_t tokens() const { return tokens_.size(); }
  const std::string& bytes_of(TokenId id) const { return tokens_[static_cast<size_t>(id)]; }

 private:
  using Shared = std::shared_ptr<const StateMask>;

  StateMask compute(const ByteDfa& dfa, int32_t state, std::vector<int32_t>& labels) const;
  std::optional<StateMask> difference(const ByteDfa& dfa, int32_t state, std::vector<int32_t>& labels) const;
  Shared shared(const ByteDfa& dfa, int32_t state, std::vector<int32_t>& labels);
  void keep(size_t bytes);  // with mutex_ held

  const std::vector<std::string> tokens_;
  const ByteTrie vocabulary_;
  const size_t max_bytes_;
  std::mutex mutex_;
  std::unordered_map<std::string, Shared> by_name_;
  std::map<std::pair<uint64_t, int32_t>, std::shared_ptr<const PlacedMask>>
      placed_;  // by automaton and state
  size_t bytes_ = 0;
};

}  // namespace understudy
