#include "engine/locked_path.h"

#include <algorithm>

namespace understudy {

namespace {

// Shorter forced texts are sampled: looking for their tokens costs more than a mask.
constexpr size_t kLeastForcedBytes = 2;
// A loop is closed by no more: each byte costs a look at the whole terminal, on the engine's thread.
constexpr size_t kMostClosingBytes = 4096;
// Continuations that are tried behind a forced text.
constexpr size_t kMostContinuations = 24;

size_t common_prefix(const std::vector<TokenId>& a, const std::vector<TokenId>& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

LockedPath::LockedPath(std::shared_ptr<const AnswerGrammar> grammar, std::vector<TokenId> end_tokens)
    : grammar_(std::move(grammar)),
      end_tokens_(std::move(end_tokens)),
      matcher_(grammar_->grammar, grammar_->masks),
      mask_(grammar_->masks->tokens()) {
  // A network's vocabulary may be padded beyond the tokenizer's.
  std::erase_if(end_tokens_,
                [&](TokenId id) { return id < 0 || id >= static_cast<TokenId>(grammar_->masks->tokens()); });
}

const TokenMask& LockedPath::mask() {
  const TokenMask& allowed = matcher_.mask();
  if (!matcher_.can_end() || matcher_.is_overloaded()) return allowed;
  mask_ = allowed;
  for (const TokenId id : end_tokens_) mask_.set(id);
  return mask_;
}

void LockedPath::follow(TokenId token) {
  matcher_.accept(grammar_->masks->bytes_of(token));
  last_ = token;
}

int LockedPath::reach(std::span<const TokenId> tokens, TokenMask& next) {
  const size_t place = matcher_.position();
  const TokenId last = last_;
  int count = 0;
  for (const TokenMask* allowed = &mask(); count < static_cast<int>(tokens.size()); count++) {
    const TokenId token = tokens[static_cast<size_t>(count)];
    if (token >= static_cast<TokenId>(grammar_->masks->tokens()) || !allowed->allows(token)) break;
    follow(token);
    allowed = &mask();
    next.add(*allowed);
  }
  matcher_.rewind(place);
  last_ = last;
  return count;
}

std::vector<TokenId> LockedPath::take_forced() {
  const std::string text = matcher_.forced();
  if (text.size() < kLeastForcedBytes) return {};
  // The token before belongs to it: where the tokenizer would not divide the text there, nothing is forced.
  const std::string before = last_ < 0 ? "" : grammar_->masks->bytes_of(last_);
  const auto tokens_of = [&](const std::string& more) {
    return grammar_->tokenizer->encode(PromptText::data(before + text + more), false);
  };
  std::vector<TokenId> ids = tokens_of("");
  const size_t place = matcher_.position();
  matcher_.accept(text);
  if (!matcher_.must_end()) {
    // What can follow, one token for each first byte.
    const TokenMask& next = matcher_.mask();
    std::vector<bool> seen(256, false);
    size_t tried = 0;
    for (TokenId id = 0; id < static_cast<TokenId>(grammar_->masks->tokens()) && tried < kMostContinuations;
         id++) {
      if (!next.allows(id)) continue;
      const std::string& bytes = grammar_->masks->bytes_of(id);
      if (seen[static_cast<uint8_t>(bytes[0])]) continue;
      seen[static_cast<uint8_t>(bytes[0])] = true;
      tried++;
      ids.resize(common_prefix(ids, tokens_of(bytes)));
    }
  }
  matcher_.rewind(place);
  if (last_ >= 0) {
    if (ids.empty() || ids[0] != last_) return {};
    ids.erase(ids.begin());
  }
  // Tokens may not reach beyond the text (the last may have merged with what was tried).
  size_t bytes = 0;
  std::vector<TokenId> out;
  for (const TokenId id : ids) {
    bytes += grammar_->masks->bytes_of(id).size();
    if (bytes > text.size() || !matcher_.accept(grammar_->masks->bytes_of(id))) break;
    out.push_back(id);
  }
  if (!out.empty()) last_ = out.back();
  return out;
}

std::vector<TokenId> LockedPath::take_closing() {
  std::vector<TokenId> out;
  for (const TokenId id :
       grammar_->tokenizer->encode(PromptText::data(matcher_.closing(kMostClosingBytes)), false)) {
    if (!matcher_.accept(grammar_->masks->bytes_of(id))) break;
    out.push_back(id);
  }
  if (!out.empty()) last_ = out.back();
  return out;
}

}  // namespace understudy
