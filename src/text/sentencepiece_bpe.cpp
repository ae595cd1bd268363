#include "text/sentencepiece_bpe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <optional>
#include <string>

#include "text/bpe_merge.h"
#include "text/merge_list.h"
#include "text/space_mark.h"
#include "text/utf8.h"

namespace understudy {
namespace {

using Type = Vocabulary::Type;

// Lower for higher scores; equal scores give equal values.
uint32_t descending_key(float score) {
  const auto bits = std::bit_cast<uint32_t>(score + 0.0f);  // +0 makes -0 equal to 0
  return bits >> 31 ? bits : ~bits & 0x7FFFFFFF;
}

class SentencePieceBpe final : public SegmentEncoder {
 public:
  SentencePieceBpe(std::shared_ptr<const Vocabulary> vocabulary, std::vector<float> scores,
                   std::optional<MergeTable> merge_list, TokenId unknown, bool space_prefix)
      : vocabulary_(std::move(vocabulary)),
        scores_(std::move(scores)),
        merge_list_(std::move(merge_list)),
        unknown_(unknown),
        space_prefix_(space_prefix) {
    byte_ids_.fill(-1);
    for (TokenId id = 0; id < vocabulary_->size(); ++id) {
      longest_token_ = std::max(longest_token_, vocabulary_->token(id).size());
      if (vocabulary_->type(id) == Type::byte)
        byte_ids_[static_cast<unsigned char>(vocabulary_->token(id)[0])] = id;
      if (merges(id)) note_neighbours(vocabulary_->token(id));
      // GGUF converters give user-defined tokens -1000; in the SentencePiece model they have 0, above
      // everything.
      if (!merge_list_ && vocabulary_->type(id) == Type::user_defined) scores_[id] = 0;
    }
  }

  void encode(std::string_view segment, std::vector<TokenId>& ids) const override {
    if (space_prefix_ || segment.find(kSpaceMark) != std::string_view::npos) {
      encode_plain((space_prefix_ ? " " : "") + spaces_for_marks(segment), ids);
    } else {
      encode_plain(segment, ids);
    }
  }

 private:
  void encode_plain(std::string_view text, std::vector<TokenId>& ids) const {
    BpeMerger merger;
    bool after_unknown = false;
    const auto merge = [&] {
      merger.run([&](const BpeSymbol& left, const BpeSymbol& right) { return find_merge(text, left, right); },
                 ids);
      merger.clear();
    };
    for (size_t at = 0; at < text.size();) {
      if (at > 0 && !neighbours_[neighbour_index(text[at - 1], text[at])]) merge();
      const uint32_t length = first_utf8_char(text.substr(at)).length;
      after_unknown =
          append_character(text.substr(at, length), static_cast<uint32_t>(at), after_unknown, merger);
      at += length;
    }
    merge();
  }

  // Returns whether the character became part of an unknown token.
  bool append_character(std::string_view character, uint32_t begin, bool after_unknown,
                        BpeMerger& merger) const {
    if (const TokenId id = vocabulary_->find(character); id >= 0 && merges(id)) {
      merger.append(id, begin, static_cast<uint32_t>(character.size()));
      return false;
    }
    const auto byte_id = [this](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
    if (std::all_of(character.begin(), character.end(), [&](char c) { return byte_id(c) >= 0; })) {
      for (const char c : character) merger.append(byte_id(c), begin++, 1);
      return false;
    }
    if (unknown_ >= 0 && !after_unknown)
      merger.append(unknown_, begin, static_cast<uint32_t>(character.size()));
    return true;
  }

  // Without a list, Hugging Face turns scores into a merge list ordered by score, then the longer left, then
  // the longer right part (transformers, convert_slow_tokenizer.py, generate_merges). BpeMerger breaks the
  // remaining ties by id.
  std::optional<BpeMerge> find_merge(std::string_view text, const BpeSymbol& left,
                                     const BpeSymbol& right) const {
    const size_t length = left.length + right.length;
    if (left.begin + left.length != right.begin)
      return std::nullopt;  // a character without a token lay between
    if (merge_list_) return merge_list_->find(left.id, right.id);
    if (length > longest_token_ || !merges(left.id) || !merges(right.id)) return std::nullopt;
    const TokenId id = vocabulary_->find(text.substr(left.begin, length));
    if (id < 0 || !merges(id)) return std::nullopt;
    const uint64_t score = descending_key(scores_[id]);
    const auto shorter = [&](const BpeSymbol& part) {
      return 0xFFFF - std::min<uint64_t>(0xFFFF, count_utf8_chars(text.substr(part.begin, part.length)));
    };
    return BpeMerge{score << 32 | shorter(left) << 16 | shorter(right), id};
  }

  static size_t neighbour_index(char first, char second) {
    return static_cast<size_t>(static_cast<unsigned char>(first)) << 8 | static_cast<unsigned char>(second);
  }

  void note_neighbours(std::string_view token) {
    for (size_t i = 1; i < token.size(); ++i) neighbours_.set(neighbour_index(token[i - 1], token[i]));
  }

  // Text never merges into a control token, and bytes do not merge.
  bool merges(TokenId id) const {
    return vocabulary_->type(id) == Type::normal || vocabulary_->type(id) == Type::user_defined;
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<float> scores_;
  std::optional<MergeTable> merge_list_;
  TokenId unknown_;
  bool space_prefix_;
  std::array<TokenId, 256> byte_ids_;
  size_t longest_token_ = 0;
  // Pairs of bytes that some token holds side by side. Between others nothing can merge, so the text may be
  // cut there: mostly before spaces, which makes English about twice as fast.
  std::bitset<65536> neighbours_;
};

}  // namespace

Result<std::unique_ptr<const SegmentEncoder>> create_sentencepiece_bpe(
    std::shared_ptr<const Vocabulary> vocabulary, std::vector<float> scores,
    const std::vector<std::string>& merges, TokenId unknown, bool space_prefix) {
  std::optional<MergeTable> table;
  if (!merges.empty()) {
    ASSIGN_OR_RETURN(table, build_merges(*vocabulary, merges, [](std::string_view token) {
                       return std::optional(spaces_for_marks(token));
                     }));
  }
  return std::unique_ptr<const SegmentEncoder>(std::make_unique<SentencePieceBpe>(
      std::move(vocabulary), std::move(scores), std::move(table), unknown, space_prefix));
}

}  // namespace understudy
