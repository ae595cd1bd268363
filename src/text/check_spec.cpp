#include "text/check_spec.h"

#include <bitset>
#include <cmath>

#include "text/utf8.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;

constexpr size_t kMaxTokens = size_t{1} << 24;  // the largest known vocabulary has 2^18
constexpr size_t kMaxTokenBytes = 4096;         // the longest known token has 128

bool has_scores(const TokenizerSpec& spec) {
  return spec.kind == Kind::unigram || (spec.kind == Kind::sentencepiece_bpe && spec.merges.empty());
}

Status check_sizes(const TokenizerSpec& spec) {
  const size_t count = spec.tokens.size();
  if (count == 0 || count > kMaxTokens) {
    return corrupt_tokenizer(
        "a vocabulary has 1 to " + std::to_string(kMaxTokens) + " tokens, not " + std::to_string(count),
        "tokenizer.ggml.tokens");
  }
  const auto check = [count](size_t size, const char* where) -> Status {
    if (size == count) return {};
    return corrupt_tokenizer(
        "expected " + std::to_string(count) + " entries, one per token, found " + std::to_string(size),
        where);
  };
  RETURN_IF_ERROR(check(spec.types.size(), "tokenizer.ggml.token_type"));
  if (has_scores(spec)) RETURN_IF_ERROR(check(spec.scores.size(), "tokenizer.ggml.scores"));
  return {};
}

Status check_tokens(const TokenizerSpec& spec) {
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    const auto name = [&] { return describe_token(spec, static_cast<TokenId>(i)); };
    if (spec.tokens[i].size() > kMaxTokenBytes) {
      return corrupt_tokenizer(name() + " is longer than " + std::to_string(kMaxTokenBytes) + " bytes",
                               "tokenizer.ggml.tokens");
    }
    if (spec.types[i] < Type::normal || spec.types[i] > Type::byte) {
      return corrupt_tokenizer(
          name() + " has unknown type " + std::to_string(static_cast<int>(spec.types[i])),
          "tokenizer.ggml.token_type");
    }
    if (has_scores(spec) && !std::isfinite(spec.scores[i])) {
      return corrupt_tokenizer(name() + " has a score that is not finite", "tokenizer.ggml.scores");
    }
  }
  return {};
}

Status check_ids(const TokenizerSpec& spec) {
  const auto check = [&spec](std::optional<TokenId> id, const char* where) -> Status {
    if (!id || (*id >= 0 && static_cast<size_t>(*id) < spec.tokens.size())) return {};
    return corrupt_tokenizer(
        "id " + std::to_string(*id) + " is outside the vocabulary of " + std::to_string(spec.tokens.size()),
        where);
  };
  RETURN_IF_ERROR(check(spec.bos, "tokenizer.ggml.bos_token_id"));
  RETURN_IF_ERROR(check(spec.eos, "tokenizer.ggml.eos_token_id"));
  RETURN_IF_ERROR(check(spec.unknown, "tokenizer.ggml.unknown_token_id"));
  if (spec.add_bos && !spec.bos) {
    return corrupt_tokenizer("the model wants a BOS token but names none", "tokenizer.ggml.bos_token_id");
  }
  if (spec.add_eos && !spec.eos) {
    return corrupt_tokenizer("the model wants an EOS token but names none", "tokenizer.ggml.eos_token_id");
  }
  return {};
}

}  // namespace

Status check_spec(const TokenizerSpec& spec) {
  RETURN_IF_ERROR(check_sizes(spec));
  RETURN_IF_ERROR(check_tokens(spec));
  return check_ids(spec);
}

// Gemma's unknown token is of type control, but its 256 byte tokens spell everything.
Status check_unknown(const TokenizerSpec& spec) {
  if (spec.kind == Kind::byte_bpe || !spec.unknown) return {};
  if (spec.types[*spec.unknown] != Type::control) return {};
  std::string reason;
  if (spec.kind == Kind::sentencepiece_bpe) {
    std::bitset<256> spelled;
    for (size_t i = 0; i < spec.tokens.size(); ++i) {
      if (spec.types[i] == Type::byte) spelled.set(static_cast<unsigned char>(spec.tokens[i][0]));
    }
    if (spelled.all()) return {};
    reason = " for " + std::to_string(256 - spelled.count()) + " of 256 byte tokens are missing";
  }
  return corrupt_tokenizer(
      "text that nothing spells would become the control " + describe_token(spec, *spec.unknown) + reason,
      "tokenizer.ggml.unknown_token_id");
}

Error corrupt_tokenizer(std::string what, std::string where) {
  return {ErrorCode::corrupt, std::move(what), std::move(where),
          "The tokenizer in this file is damaged; get the file again"};
}

std::string describe_token(const TokenizerSpec& spec, TokenId id) {
  const std::string& text = spec.tokens[static_cast<size_t>(id)];
  return "token " + std::to_string(id) + ", \"" + to_valid_utf8(text.substr(0, 64)) + "\",";
}

}  // namespace understudy
