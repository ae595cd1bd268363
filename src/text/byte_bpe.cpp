#include "text/byte_bpe.h"

#include <array>
#include <bit>
#include <optional>

#include "text/bpe_merge.h"
#include "text/nfc.h"
#include "text/pretokenizer.h"
#include "text/utf8.h"

namespace understudy {
namespace {

// GPT-2 spells each byte as a printable character: printable Latin-1 as itself, the others, in order, as
// U+0100 and following. https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode
constexpr uint32_t kAlphabetEnd = 0x100 + 68;

std::array<int, kAlphabetEnd> byte_by_character() {
  std::array<int, kAlphabetEnd> bytes;
  bytes.fill(-1);
  uint32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    bytes[printable ? byte : next++] = byte;
  }
  return bytes;
}

// (left, right) -> merge; open addressing with linear probing.
class MergeTable {
 public:
  explicit MergeTable(size_t merges) : slots_(std::bit_ceil(2 * merges + 1)) {}

  // Of equal pairs the last counts, as in Hugging Face's map.
  void insert(TokenId left, TokenId right, BpeMerge merge) {
    slots_[slot_of(key_of(left, right))] = {key_of(left, right), merge};
  }

  std::optional<BpeMerge> find(TokenId left, TokenId right) const {
    const Slot& slot = slots_[slot_of(key_of(left, right))];
    if (slot.key == kEmpty) return std::nullopt;
    return slot.merge;
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t key = kEmpty;
    BpeMerge merge;
  };

  static uint64_t key_of(TokenId left, TokenId right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  }

  size_t slot_of(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t at = (key * 0x9E3779B97F4A7C15u >> 32) & mask;  // Fibonacci hashing
    while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

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

Error merge_error(size_t index, const std::string& merge, std::string what) {
  return {ErrorCode::corrupt, "merge " + std::to_string(index) + ", \"" + merge + "\", " + std::move(what),
          "tokenizer.ggml.merges", "The tokenizer in this file is damaged; get the file again"};
}

Result<MergeTable> build_merges(const Vocabulary& vocabulary, const std::vector<std::string>& merges) {
  MergeTable table(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const size_t space = merge.find(' ');
    if (space == std::string_view::npos) return merge_error(rank, merges[rank], "is not two tokens");
    const std::string left = decode_byte_alphabet(merge.substr(0, space));
    const std::string right = decode_byte_alphabet(merge.substr(space + 1));
    const TokenId left_id = vocabulary.find(left), right_id = vocabulary.find(right);
    const TokenId merged_id = vocabulary.find(left + right);
    if (left_id < 0 || right_id < 0) return merge_error(rank, merges[rank], "joins what is no token");
    if (merged_id < 0) return merge_error(rank, merges[rank], "gives no token");
    // Text never merges into a control token.
    if (vocabulary.type(merged_id) != Vocabulary::Type::normal) continue;
    table.insert(left_id, right_id, {rank, merged_id});
  }
  return table;
}

}  // namespace

std::string decode_byte_alphabet(std::string_view token) {
  static const std::array<int, kAlphabetEnd> kByteByCharacter = byte_by_character();
  std::string bytes;
  bytes.reserve(token.size());
  for (std::string_view rest = token; !rest.empty();) {
    const Utf8Char c = first_utf8_char(rest);
    if (c.state != Utf8Char::State::complete || c.length > 2) return std::string(token);
    const auto first = static_cast<unsigned char>(rest[0]);
    const uint32_t character =
        c.length == 1 ? first : (first & 0x1Fu) << 6 | (static_cast<unsigned char>(rest[1]) & 0x3Fu);
    if (character >= kAlphabetEnd || kByteByCharacter[character] < 0) return std::string(token);
    bytes += static_cast<char>(kByteByCharacter[character]);
    rest.remove_prefix(c.length);
  }
  return bytes;
}

Result<std::unique_ptr<const SegmentEncoder>> create_byte_bpe(std::shared_ptr<const Vocabulary> vocabulary,
                                                              const std::vector<std::string>& merges,
                                                              std::string_view pre) {
  ASSIGN_OR_RETURN(Pretokenizer pretokenizer, Pretokenizer::create(pre));
  ASSIGN_OR_RETURN(MergeTable table, build_merges(*vocabulary, merges));
  return std::unique_ptr<const SegmentEncoder>(
      std::make_unique<ByteBpe>(std::move(vocabulary), std::move(table), std::move(pretokenizer)));
}

}  // namespace understudy
