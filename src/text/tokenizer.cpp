#include "text/tokenizer.h"

#include <algorithm>
#include <charconv>

#include "text/byte_bpe.h"
#include "text/check_spec.h"
#include "text/segment_encoder.h"
#include "text/sentencepiece_bpe.h"
#include "text/space_mark.h"
#include "text/special_tokens.h"
#include "text/unigram.h"
#include "text/utf8.h"
#include "text/vocabulary.h"
#include "text/wordpiece.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;

bool is_control_type(Type type) { return type == Type::control || type == Type::unknown; }

std::optional<char> parse_byte_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, value, 16);
  if (error != std::errc() || end != text.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

std::string marks_for_spaces(std::string_view text) {
  std::string marked;
  for (const char c : text) c == ' ' ? marked += kSpaceMark : marked += c;
  return marked;
}

// Turns spec.tokens into what they decode to. Control and unused tokens keep their names.
Status decode_tokens(TokenizerSpec& spec) {
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    std::string& token = spec.tokens[i];
    const Type type = spec.types[i];
    if (spec.kind == Kind::byte_bpe) {
      if (type != Type::normal) continue;
      // No text becomes a token that is not spelled in the alphabet (Command R has U+200D so, and the same
      // bytes once more in the alphabet).
      if (auto bytes = decode_byte_alphabet(token)) {
        token = *std::move(bytes);
      } else {
        spec.types[i] = Type::user_defined;
      }
    } else if (type == Type::byte) {
      const std::optional<char> byte = parse_byte_token(token);
      if (!byte) {
        return corrupt_tokenizer(
            describe_token(spec, static_cast<TokenId>(i)) + " has type byte but is not of the form <0xNN>",
            "tokenizer.ggml.tokens");
      }
      token.assign(1, *byte);
    } else if (type == Type::normal || type == Type::user_defined) {
      // In WordPiece's texts, kSpaceMark is a sign like others.
      if (spec.kind != Kind::wordpiece) {
        token = spaces_for_marks(token);
      } else if (token.starts_with(kSpaceMark)) {
        token.replace(0, kSpaceMark.size(), " ");
      }
    }
  }
  return {};
}

// The texts that are matched before anything else.
SpecialTokens special_tokens(const TokenizerSpec& spec) {
  std::vector<SpecialTokens::Token> special;
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (is_control_type(spec.types[i])) {
      special.push_back({spec.tokens[i], id, true});
    } else if (spec.types[i] == Type::user_defined) {
      // Gemma's runs of spaces are spelled with kSpaceMark in its tokenizer.json and so never match a space
      // there (runs of spaces merge like any text). GGUF converters write plain spaces.
      const bool marked = spec.kind == Kind::sentencepiece_bpe;
      special.push_back({marked ? marks_for_spaces(spec.tokens[i]) : spec.tokens[i], id, false});
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

class SegmentTokenizer final : public Tokenizer {
 public:
  SegmentTokenizer(std::shared_ptr<const Vocabulary> vocabulary, SpecialTokens special,
                   std::unique_ptr<const SegmentEncoder> segments, const TokenizerSpec& spec)
      : vocabulary_(std::move(vocabulary)),
        special_(std::move(special)),
        segments_(std::move(segments)),
        bos_(spec.bos),
        eos_(spec.eos),
        add_bos_(spec.add_bos),
        add_eos_(spec.add_eos) {}

  std::vector<TokenId> encode(const PromptText& prompt, bool add_special) const override {
    if (!is_valid_utf8(prompt.text)) return encode(valid_prompt(prompt), add_special);
    const std::string_view text = prompt.text;
    std::vector<TokenId> ids;
    if (add_special && add_bos_) ids.push_back(*bos_);
    size_t at = 0;
    for (const SpecialTokens::Match& match : special_.find_all(text, prompt.untrusted)) {
      encode_segment(text.substr(at, match.begin - at), ids);
      const bool second_bos = match.begin == 0 && !ids.empty() && match.id == bos_;
      if (!second_bos) ids.push_back(match.id);
      at = match.end;
    }
    encode_segment(text.substr(at), ids);
    if (add_special && add_eos_) ids.push_back(*eos_);
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
  bool add_bos_, add_eos_;
};

Result<std::unique_ptr<const SegmentEncoder>> segment_encoder(
    const std::shared_ptr<const Vocabulary>& vocabulary, TokenizerSpec& spec) {
  const TokenId unknown = spec.unknown.value_or(-1);
  switch (spec.kind) {
    case Kind::byte_bpe:
      return create_byte_bpe(vocabulary, spec.merges, spec.pre);
    case Kind::sentencepiece_bpe:
      return create_sentencepiece_bpe(vocabulary, std::move(spec.scores), spec.merges, unknown,
                                      spec.add_space_prefix);
    case Kind::wordpiece:
      return create_wordpiece(vocabulary, {spec.lowercase, spec.strip_accents, unknown});
    case Kind::unigram:
      return create_unigram(vocabulary, std::move(spec.scores), spec.charsmap,
                            {unknown, spec.add_space_prefix, spec.remove_extra_spaces});
  }
  return Error{ErrorCode::internal, "a tokenizer of no known kind", "TokenizerSpec::kind", ""};
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::create(TokenizerSpec spec) {
  RETURN_IF_ERROR(check_spec(spec));
  SpecialTokens special = special_tokens(spec);
  RETURN_IF_ERROR(decode_tokens(spec));
  RETURN_IF_ERROR(check_unknown(spec));
  const auto vocabulary = std::make_shared<const Vocabulary>(std::move(spec.tokens), std::move(spec.types));
  ASSIGN_OR_RETURN(auto segments, segment_encoder(vocabulary, spec));
  return std::shared_ptr<const Tokenizer>(
      std::make_shared<SegmentTokenizer>(vocabulary, std::move(special), std::move(segments), spec));
}

std::string Tokenizer::decode(const std::vector<TokenId>& ids, bool special) const {
  std::string joined;
  for (const TokenId id : ids) joined += bytes(id, special);
  return to_valid_utf8(joined);
}

}  // namespace understudy
