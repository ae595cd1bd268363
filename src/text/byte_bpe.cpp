#include "text/byte_bpe.h"

#include <array>

#include "text/bpe_merge.h"
#include "text/merge_list.h"
#include "text/normal_form.h"
#include "text/pretokenizer.h"
#include "text/utf8.h"

namespace understudy {
namespace {

// GPT-2 spells each byte as a printable character: printable Latin-1 as itself, the others, in order, as
// U+0100 and following. https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode
constexpr char32_t kAlphabetEnd = 0x100 + 68;

std::array<int, kAlphabetEnd> byte_by_character() {
  std::array<int, kAlphabetEnd> bytes;
  bytes.fill(-1);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    bytes[printable ? byte : next++] = byte;
  }
  return bytes;
}

class ByteBpe final : public SegmentEncoder {
 public:
  ByteBpe(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, Pretokenizer pretokenizer)
      : vocabulary_(std::move(vocabulary)),
        merges_(std::move(merges)),
        pretokenizer_(std::move(pretokenizer)) {
    for (int byte = 0; byte < 256; ++byte) {
      const char character = static_cast<char>(byte);
      byte_ids_[byte] = find_word({&character, 1});
    }
  }

  void encode(std::string_view segment, std::vector<TokenId>& ids) const override {
    if (pretokenizer_.normalizes()) {
      encode_words(to_nfc(segment), ids);
    } else {
      encode_words(segment, ids);
    }
  }

 private:
  void encode_words(std::string_view text, std::vector<TokenId>& ids) const {
    BpeMerger merger;
    pretokenizer_.split(text, [&](std::string_view word) { encode_word(word, merger, ids); });
  }

  void encode_word(std::string_view word, BpeMerger& merger, std::vector<TokenId>& ids) const {
    if (pretokenizer_.ignores_merges()) {
      if (const TokenId id = find_word(word); id >= 0) {
        ids.push_back(id);
        return;
      }
    }
    merger.clear();
    uint32_t count = 0;
    for (const char character : word) {
      // A byte without a token leaves no trace, as in Hugging Face's BPE without unk_token (SmolLM2 lacks 21
      // bytes).
      const TokenId id = byte_ids_[static_cast<unsigned char>(character)];
      if (id >= 0) merger.append(id, count++, 1);
    }
    merger.run(
        [this](const BpeSymbol& left, const BpeSymbol& right) { return merges_.find(left.id, right.id); },
        ids);
  }

  TokenId find_word(std::string_view word) const {
    const TokenId id = vocabulary_->find(word);
    return id >= 0 && vocabulary_->type(id) == Vocabulary::Type::normal ? id : -1;
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  MergeTable merges_;
  Pretokenizer pretokenizer_;
  std::array<TokenId, 256> byte_ids_;
};

}  // namespace

std::optional<std::string> decode_byte_alphabet(std::string_view token) {
  static const std::array<int, kAlphabetEnd> kByteByCharacter = byte_by_character();
  std::string bytes;
  bytes.reserve(token.size());
  for (std::string_view rest = token; !rest.empty();) {
    const Utf8Char c = first_utf8_char(rest);
    if (c.state != Utf8Char::State::complete || c.code >= kAlphabetEnd || kByteByCharacter[c.code] < 0)
      return std::nullopt;
    bytes += static_cast<char>(kByteByCharacter[c.code]);
    rest.remove_prefix(c.length);
  }
  return bytes;
}

Result<std::unique_ptr<const SegmentEncoder>> create_byte_bpe(std::shared_ptr<const Vocabulary> vocabulary,
                                                              const std::vector<std::string>& merges,
                                                              std::string_view pre) {
  ASSIGN_OR_RETURN(Pretokenizer pretokenizer, Pretokenizer::create(pre));
  ASSIGN_OR_RETURN(MergeTable table, build_merges(*vocabulary, merges, decode_byte_alphabet));
  return std::unique_ptr<const SegmentEncoder>(
      std::make_unique<ByteBpe>(std::move(vocabulary), std::move(table), std::move(pretokenizer)));
}

}  // namespace understudy
