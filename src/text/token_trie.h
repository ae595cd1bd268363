// The tokens that a text may start with, found byte by byte. Immutable once built; safe to share between
// threads.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/pair_table.h"
#include "text/vocabulary.h"

namespace understudy {

class TokenTrie {
 public:
  // Of the normal tokens; of several with the same bytes the lowest id counts. Error{corrupt}: they have too
  // many distinct prefixes for the memory this is meant to take.
  static Result<TokenTrie> create(const Vocabulary& vocabulary);

  // Calls token(id, length) for each token that `text` starts with, the shortest first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, Visit&& token) const {
    int32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto child = children_.find(node, static_cast<unsigned char>(text[i]));
      if (!child) return;
      node = *child;
      if (token_at_[node] >= 0) token(token_at_[node], i + 1);
    }
  }

  size_t longest_token() const { return longest_token_; }  // bytes

 private:
  explicit TokenTrie(size_t nodes) : children_(nodes), token_at_(1, -1) {}
  void insert(std::string_view text, TokenId id);

  PairTable<int32_t> children_;  // (node, byte) -> node; 0 is the root
  std::vector<TokenId> token_at_;
  size_t longest_token_ = 0;
};

}  // namespace understudy
