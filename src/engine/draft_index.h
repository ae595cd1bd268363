// DraftIndex: guesses how a text goes on, as it went on where it last looked alike. Answers repeat what the prompt says
// (names, numbers, code) and what they said before (keys, forms). A. Saxena, "Prompt Lookup Decoding", 2023; found by
// the hash chains of LZ77 compressors. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

inline constexpr TokenId kBetweenTexts = -1;

struct Guess {
  TokenId token = -1;
  int alike = 0;       // tokens before it that were the same there
  bool agreed = true;  // it came next at all places so much alike, or half as much
};

class DraftIndex {
 public:
  // kBetweenTexts stands between texts: nothing is alike or guessed across it.
  void add(std::span<const TokenId> tokens);
  // An answer as a text of its own, with the end of its prompt, by which its first tokens are known.
  void add_answer(std::span<const TokenId> prompt, std::span<const TokenId> answer);
  // Only the first `size` tokens are left.
  void truncate(size_t size);
  size_t size() const { return tokens_.size(); }

  // At most `most` tokens that may follow `text`, one after the other, from places where its last tokens are found:
  // those with the most tokens alike and down to half as many. Cost: 32 places, 64 tokens each.
  std::vector<Guess> after(std::span<const TokenId> text, int most) const;

 private:
  struct Place {
    size_t next;  // in tokens_
    int alike;
  };
  // Places that end with the same `order` tokens form a chain, the last first; only those that something follows.
  struct Chains {
    size_t order;
    std::vector<int32_t> heads = std::vector<int32_t>(256, -1);  // by hash; a power of two of them
    std::vector<int32_t> previous = {};                          // by place; -1: the first
  };

  void add(Chains& chains);
  void truncate(Chains& chains, size_t size);
  int alike(size_t i, std::span<const TokenId> text) const;
  std::vector<Place> places(const Chains& chains, std::span<const TokenId> text) const;

  std::vector<TokenId> tokens_;
  Chains pairs_{.order = 2};
  Chains singles_{.order = 1};  // looked at where no pair is found
};

}  // namespace understudy
