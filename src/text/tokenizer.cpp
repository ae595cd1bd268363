#include "text/tokenizer.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cmath>

#include "text/byte_bpe.h"
#include "text/segment_encoder.h"
#include "text/sentencepiece_bpe.h"
#include "text/special_tokens.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;

constexpr size_t kMaxTokens = size_t{1} << 24;  // the largest known vocabulary has 2^18
constexpr size_t kMaxTokenBytes = 4096;         // the longest known token has 128

Error corrupt(std::string what, std::string where) {
  return {ErrorCode::corrupt, std::move(what), std::move(where),
          "The tokenizer in this file is damaged; get the file again"};
}

std::string describe(TokenId id, const std::string& text) {
  return "token " + std::to_string(id) + ", \"" + to_valid_utf8(text.substr(0, 64)) + "\",";
}

bool is_control_type(Type type) { return type == Type::control || type == Type::unknown; }

Status check_sizes(const TokenizerSpec& spec) {
  const size_t count = spec.tokens.size();
  if (count == 0 || count > kMaxTokens) {
    return corrupt(
        "a vocabulary has 1 to " + std::to_string(kMaxTokens) + " tokens, not " + std::to_string(count),
        "tokenizer.ggml.tokens");
  }
  const auto check = [count](size_t size, const char* where) -> Status {
    if (size == count) return {};
    return corrupt(
        "expected " + std::to_string(count) + " entries, one per token, found " + std::to_string(size),
        where);
  };
  RETURN_IF_ERROR(check(spec.types.size(), "tokenizer.ggml.token_type"));
  if (spec.kind == Kind::sentencepiece_bpe)
    RETURN_IF_ERROR(check(spec.scores.size(), "tokenizer.ggml.scores"));
  return {};
}

Status check_tokens(const TokenizerSpec& spec) {
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (spec.tokens[i].size() > kMaxTokenBytes) {
      return corrupt(
          describe(id, spec.tokens[i]) + " is longer than " + std::to_string(kMaxTokenBytes) + " bytes",
          "tokenizer.ggml.tokens");
    }
    if (spec.types[i] < Type::normal || spec.types[i] > Type::byte) {
      return corrupt(describe(id, spec.tokens[i]) + " has unknown type " +
                         std::to_string(static_cast<int>(spec.types[i])),
                     "tokenizer.ggml.token_type");
    }
    if (spec.kind == Kind::sentencepiece_bpe && !std::isfinite(spec.scores[i])) {
      return corrupt(describe(id, spec.tokens[i]) + " has a score that is not finite",
                     "tokenizer.ggml.scores");
    }
  }
  return {};
}

Status check_ids(const TokenizerSpec& spec) {
  const auto check = [&spec](std::optional<TokenId> id, const char* where) -> Status {
    if (!id || (*id >= 0 && static_cast<size_t>(*id) < spec.tokens.size())) return {};
    return corrupt(
        "id " + std::to_string(*id) + " is outside the vocabulary of " + std::to_string(spec.tokens.size()),
        where);
  };
  RETURN_IF_ERROR(check(spec.bos, "tokenizer.ggml.bos_token_id"));
  RETURN_IF_ERROR(check(spec.eos, "tokenizer.ggml.eos_token_id"));
  RETURN_IF_ERROR(check(spec.unknown, "tokenizer.ggml.unknown_token_id"));
  if (spec.add_bos && !spec.bos) {
    return corrupt("the model wants a BOS token but names none", "tokenizer.ggml.bos_token_id");
  }
  return {};
}

std::optional<char> parse_byte_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, value, 16);
  if (error != std::errc() || end != text.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// Turns spec.tokens into what they decode to. Control and unused tokens keep their names.
Status decode_tokens(TokenizerSpec& spec) {
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    std::string& token = spec.tokens[i];
    const Type type = spec.types[i];
    if (spec.kind == Kind::byte_bpe) {
      if (type == Type::normal) token = decode_byte_alphabet(token);
    } else if (type == Type::byte) {
      const std::optional<char> byte = parse_byte_token(token);
      if (!byte) {
        return corrupt(
            describe(static_cast<TokenId>(i), token) + " has type byte but is not of the form <0xNN>",
            "tokenizer.ggml.tokens");
      }
      token.assign(1, *byte);
    } else if (type == Type::normal || type == Type::user_defined) {
      replace_all(token, kSpaceMark, " ");
    }
  }
  return {};
}

// The unknown token stands for text that nothing else spells, so it must not steer the model. Gemma's is of
// type control, but its 256 byte tokens spell everything. `spec` holds decoded tokens.
Status check_unknown(const TokenizerSpec& spec) {
  if (spec.kind != Kind::sentencepiece_bpe || !spec.unknown) return {};
  if (spec.types[*spec.unknown] != Type::control) return {};
  std::bitset<256> spelled;
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    if (spec.types[i] == Type::byte) spelled.set(static_cast<unsigned char>(spec.tokens[i][0]));
  }
  if (spelled.all()) return {};
  return corrupt("text that nothing spells would become the control " +
                     describe(*spec.unknown, spec.tokens[*spec.unknown]) + " for " +
                     std::to_string(256 - spelled.count()) + " of 256 byte tokens are missing",
                 "tokenizer.ggml.unknown_token_id");
}

// The texts that are matched before anything else.
SpecialTokens special_tokens(const TokenizerSpec& spec) {
  std::vector<SpecialTokens::Token> special;
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (is_control_type(spec.types[i])) {
      special.push_back({spec.tokens[i], id, true});
    } else if (spec.types[i] == Type::user_defined) {
      special.push_back({spec.tokens[i], id, false});
      // Gemma's runs of spaces are spelled with kSpaceMark in its tokenizer.json and so never match a space
      // there (runs of spaces merge like any text). GGUF converters write plain spaces.
      if (spec.kind == Kind::sentencepiece_bpe) replace_all(special.back().text, " ", kSpaceMark);
    }
  }
  return SpecialTokens(std::move(special));
}

// `prompt` with U+FFFD for what is not UTF-8. A character is untrusted if any byte of it was.
PromptText valid_prompt(const PromptText& prompt) {
  PromptText valid;
  valid.untrusted = prompt.untrusted;
  auto begins = valid.untrusted.begin(), ends = begins;
  const std::string_view text = prompt.text;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = first_utf8_char(text.substr(at));
    const size_t begin = valid.text.size(), next = at + c.length;
    valid.text += c.state == Utf8Char::State::complete ? text.substr(at, c.length) : kReplacementCharacter;
    for (; begins != valid.untrusted.end() && begins->begin < next; ++begins) begins->begin = begin;
    for (; ends != valid.untrusted.end() && ends->end <= next; ++ends) ends->end = valid.text.size();
    at = next;
  }
  for (; begins != valid.untrusted.end(); ++begins) begins->begin = valid.text.size();
  for (; ends != valid.untrusted.end(); ++ends) ends->end = valid.text.size();
  return valid;
}

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(std::shared_ptr<const Vocabulary> vocabulary, SpecialTokens special,
               std::unique_ptr<const SegmentEncoder> segments, std::optional<TokenId> bos,
               std::optional<TokenId> eos, bool add_bos)
      : vocabulary_(std::move(vocabulary)),
        special_(std::move(special)),
        segments_(std::move(segments)),
        bos_(bos),
        eos_(eos),
        add_bos_(add_bos) {}

  std::vector<TokenId> encode(const PromptText& prompt, bool add_bos) const override {
    if (!is_valid_utf8(prompt.text)) return encode(valid_prompt(prompt), add_bos);
    const std::string_view text = prompt.text;
    std::vector<TokenId> ids;
    if (add_bos && add_bos_) ids.push_back(*bos_);
    size_t at = 0;
    for (const SpecialTokens::Match& match : special_.find_all(text, prompt.untrusted)) {
      encode_segment(text.substr(at, match.begin - at), ids);
      const bool second_bos = match.begin == 0 && !ids.empty() && match.id == bos_;
      if (!second_bos) ids.push_back(match.id);
      at = match.end;
    }
    encode_segment(text.substr(at), ids);
    return ids;
  }

  std::string bytes(TokenId id, bool special) const override {
    if (id < 0 || id >= size()) return "";
    const Type type = vocabulary_->type(id);
    if (!special && (is_control_type(type) || type == Type::unused)) return "";
    return vocabulary_->token(id);
  }

  TokenId size() const override { return vocabulary_->size(); }

  bool is_control(TokenId id) const override {
    return id >= 0 && id < size() && is_control_type(vocabulary_->type(id));
  }

  std::optional<TokenId> find(std::string_view token) const override {
    if (const TokenId id = special_.find(token); id >= 0) return id;
    if (const TokenId id = vocabulary_->find(token); id >= 0) return id;
    return std::nullopt;
  }

  std::optional<TokenId> bos() const override { return bos_; }
  std::optional<TokenId> eos() const override { return eos_; }

 private:
  void encode_segment(std::string_view text, std::vector<TokenId>& ids) const {
    while (text.size() > kMaxSegmentBytes) {
      size_t cut = kMaxSegmentBytes;
      while ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // to the start of a character
      segments_->encode(text.substr(0, cut), ids);
      text.remove_prefix(cut);
    }
    if (!text.empty()) segments_->encode(text, ids);
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  SpecialTokens special_;
  std::unique_ptr<const SegmentEncoder> segments_;
  std::optional<TokenId> bos_, eos_;
  bool add_bos_;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::create(TokenizerSpec spec) {
  RETURN_IF_ERROR(check_sizes(spec));
  RETURN_IF_ERROR(check_tokens(spec));
  RETURN_IF_ERROR(check_ids(spec));
  SpecialTokens special = special_tokens(spec);
  RETURN_IF_ERROR(decode_tokens(spec));
  RETURN_IF_ERROR(check_unknown(spec));
  const auto vocabulary = std::make_shared<const Vocabulary>(std::move(spec.tokens), std::move(spec.types));
  std::unique_ptr<const SegmentEncoder> segments;
  if (spec.kind == Kind::byte_bpe) {
    ASSIGN_OR_RETURN(segments, create_byte_bpe(vocabulary, spec.merges, spec.pre));
  } else {
    segments = create_sentencepiece_bpe(vocabulary, std::move(spec.scores), spec.unknown.value_or(-1),
                                        spec.add_space_prefix);
  }
  return std::shared_ptr<const Tokenizer>(std::make_shared<BpeTokenizer>(
      vocabulary, std::move(special), std::move(segments), spec.bos, spec.eos, spec.add_bos));
}

std::string Tokenizer::decode(const std::vector<TokenId>& ids, bool special) const {
  std::string joined;
  for (const TokenId id : ids) joined += bytes(id, special);
  return to_valid_utf8(joined);
}

}  // namespace understudy
