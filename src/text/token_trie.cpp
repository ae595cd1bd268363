#include "text/token_trie.h"

#include <algorithm>

#include "text/check_spec.h"

namespace understudy {
namespace {

constexpr size_t kMaxNodes = size_t{1} << 24;  // 0.5 GB; XLM-R's 250,000 tokens have 0.8 million prefixes

size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

Result<TokenTrie> TokenTrie::create(const Vocabulary& vocabulary) {
  std::vector<TokenId> ids;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.type(id) == Vocabulary::Type::normal && !vocabulary.token(id).empty()) ids.push_back(id);
  }
  std::stable_sort(ids.begin(), ids.end(),
                   [&](TokenId a, TokenId b) { return vocabulary.token(a) < vocabulary.token(b); });
  size_t nodes = 1;
  std::string_view previous;
  for (const TokenId id : ids) {
    const std::string_view text = vocabulary.token(id);
    nodes += text.size() - common_prefix(text, previous);
    previous = text;
  }
  if (nodes > kMaxNodes) {
    return corrupt_tokenizer("the tokens have " + std::to_string(nodes) + " distinct prefixes, more than " +
                                 std::to_string(kMaxNodes),
                             "tokenizer.ggml.tokens");
  }
  TokenTrie trie(nodes);
  for (const TokenId id : ids) trie.insert(vocabulary.token(id), id);
  return trie;
}

void TokenTrie::insert(std::string_view text, TokenId id) {
  int32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto child = children_.find(node, byte);
    if (!child) {
      children_.insert(node, byte, static_cast<int32_t>(token_at_.size()));
      token_at_.push_back(-1);
    }
    node = child.value_or(static_cast<int32_t>(token_at_.size()) - 1);
  }
  if (token_at_[node] < 0) token_at_[node] = id;
  longest_token_ = std::max(longest_token_, text.size());
}

}  // namespace understudy
