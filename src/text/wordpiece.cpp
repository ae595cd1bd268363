#include "text/wordpiece.h"

#include <algorithm>
#include <string>

#include "text/normal_form.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace understudy {
namespace {

constexpr size_t kMaxWordCharacters = 100;  // of longer words, WordPiece says they are unknown

// What BERT writes each on its own, as Chinese has no spaces. The gap before U+2B920 is that of Hugging Face
// (tokenizers/src/normalizers/bert.rs), where BERT's own code has U+2B820.
bool is_ideograph(char32_t code) {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x20000 && code <= 0x2A6DF) || (code >= 0x2A700 && code <= 0x2B81F) ||
         (code >= 0x2B920 && code <= 0x2CEAF) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0x2F800 && code <= 0x2FA1F);
}

// A word of its own: punctuation, and what else ASCII has of printable signs.
bool is_sign(char32_t code) {
  const bool ascii_sign = code < 0x7F && code > ' ' && !is_letter(code) && !is_digit(code);
  return ascii_sign || is_punctuation(code);
}

template <typename Visit>
void for_each_character(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const Utf8Char c = first_utf8_char(text);
    visit(c.code, text.substr(0, c.length));
    text.remove_prefix(c.length);
  }
}

// Plain spaces for white space, ideographs apart, no control characters.
std::string clean(std::string_view text) {
  std::string cleaned;
  cleaned.reserve(text.size());
  for_each_character(text, [&](char32_t code, std::string_view character) {
    if (code == '\t' || code == '\n' || code == '\r') {
      cleaned += ' ';
    } else if (code == 0xFFFD || is_control(code)) {
      return;
    } else if (is_space(code)) {
      cleaned += ' ';
    } else if (is_ideograph(code)) {
      cleaned.append(" ").append(character).append(" ");
    } else {
      cleaned += character;
    }
  });
  return cleaned;
}

std::string without_accents(std::string_view text) {
  std::string plain;
  for_each_character(to_nfd(text), [&](char32_t code, std::string_view character) {
    if (!is_nonspacing_mark(code)) plain += character;
  });
  return plain;
}

std::string lowercase(std::string_view text) {
  std::string lower;
  for_each_character(text, [&](char32_t code, std::string_view) { append_lower(lower, code); });
  return lower;
}

class Wordpiece final : public SegmentEncoder {
 public:
  Wordpiece(std::shared_ptr<const Vocabulary> vocabulary, WordpieceOptions options)
      : vocabulary_(std::move(vocabulary)), options_(options) {
    for (TokenId id = 0; id < vocabulary_->size(); ++id)
      longest_token_ = std::max(longest_token_, vocabulary_->token(id).size());
  }

  void encode(std::string_view segment, std::vector<TokenId>& ids) const override {
    std::string text = clean(segment);
    if (options_.strip_accents) text = without_accents(text);
    if (options_.lowercase) text = lowercase(text);
    std::string word = " ";  // as the tokens that start a word
    const auto flush = [&] {
      if (word.size() > 1) encode_word(word, ids);
      word.resize(1);
    };
    for_each_character(text, [&](char32_t code, std::string_view character) {
      const bool sign = is_sign(code);
      if (code == ' ' || sign) flush();
      if (code != ' ') word += character;
      if (sign) flush();
    });
    flush();
  }

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& ids) const {
    const size_t before = ids.size();
    bool spelled = count_utf8_chars(word) <= kMaxWordCharacters + 1;
    for (size_t at = 0; spelled && at < word.size();) {
      const TokenId id = longest_token(word.substr(at), at == 0 ? 2 : 1);
      spelled = id >= 0;
      if (spelled) {
        ids.push_back(id);
        at += vocabulary_->token(id).size();
      }
    }
    if (spelled) return;
    ids.resize(before);
    if (options_.unknown >= 0) ids.push_back(options_.unknown);
  }

  // The longest token, of at least `shortest` bytes, that `text` begins with; -1 if there is none.
  TokenId longest_token(std::string_view text, size_t shortest) const {
    for (size_t size = std::min(text.size(), longest_token_); size >= shortest; --size) {
      if (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) continue;
      const TokenId id = vocabulary_->find(text.substr(0, size));
      if (id >= 0 && vocabulary_->type(id) == Vocabulary::Type::normal) return id;
    }
    return -1;
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  WordpieceOptions options_;
  size_t longest_token_ = 0;
};

}  // namespace

std::unique_ptr<const SegmentEncoder> create_wordpiece(std::shared_ptr<const Vocabulary> vocabulary,
                                                       WordpieceOptions options) {
  return std::make_unique<Wordpiece>(std::move(vocabulary), options);
}

}  // namespace understudy
