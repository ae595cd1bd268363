#include "text/special_tokens.h"

#include <algorithm>

namespace understudy {

SpecialTokens::SpecialTokens(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const Token& token) { return token.text.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const Token& a, const Token& b) { return a.text < b.text; });
  const auto same_text = [](const Token& a, const Token& b) { return a.text == b.text; };
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end(), same_text), tokens_.end());
  for (int byte = 0; byte < 256; ++byte) {
    by_first_byte_[byte] = narrow({0, tokens_.size()}, 0, static_cast<unsigned char>(byte));
  }
}

// Of `range`, whose tokens agree in their first `depth` bytes and are longer than that, those that go on with
// `byte`.
SpecialTokens::Range SpecialTokens::narrow(Range range, size_t depth, unsigned char byte) const {
  const auto at_depth = [depth](const Token& token) { return static_cast<unsigned char>(token.text[depth]); };
  const auto first = tokens_.begin();
  const auto begin = std::partition_point(first + range.begin, first + range.end,
                                          [&](const Token& token) { return at_depth(token) < byte; });
  const auto end = std::partition_point(begin, first + range.end,
                                        [&](const Token& token) { return at_depth(token) == byte; });
  return {static_cast<size_t>(begin - first), static_cast<size_t>(end - first)};
}

const SpecialTokens::Token* SpecialTokens::longest_at(std::string_view text, size_t trusted_bytes) const {
  const Token* longest = nullptr;
  Range range = by_first_byte_[static_cast<unsigned char>(text[0])];
  for (size_t depth = 1; range.begin < range.end; ++depth) {
    const Token& shortest = tokens_[range.begin];
    if (shortest.text.size() == depth) {
      if (!shortest.trusted_only || depth <= trusted_bytes) longest = &shortest;
      ++range.begin;
    }
    if (depth == text.size()) break;
    range = narrow(range, depth, static_cast<unsigned char>(text[depth]));
  }
  return longest;
}

std::vector<SpecialTokens::Match> SpecialTokens::find_all(
    std::string_view text, const std::vector<PromptText::Span>& untrusted) const {
  std::vector<Match> matches;
  auto span = untrusted.begin();
  for (size_t at = 0; at < text.size();) {
    while (span != untrusted.end() && (span->end <= at || span->begin == span->end)) ++span;
    const size_t trusted_end = span == untrusted.end() ? text.size() : std::max(span->begin, at);
    if (const Token* token = longest_at(text.substr(at), trusted_end - at)) {
      matches.push_back({at, at + token->text.size(), token->id});
      at += token->text.size();
    } else {
      ++at;
    }
  }
  return matches;
}

TokenId SpecialTokens::find(std::string_view text) const {
  const auto it =
      std::lower_bound(tokens_.begin(), tokens_.end(), text,
                       [](const Token& token, std::string_view value) { return token.text < value; });
  return it != tokens_.end() && it->text == text ? it->id : -1;
}

}  // namespace understudy
