#include "text/unigram.h"

#include <algorithm>
#include <limits>
#include <string>

#include "text/charsmap.h"
#include "text/space_mark.h"
#include "text/token_trie.h"
#include "text/utf8.h"

namespace understudy {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();
constexpr float kUnknownPenalty = 10;  // below the worst score (unigram_model.cc, kUnkPenalty)

class Unigram final : public SegmentEncoder {
 public:
  Unigram(std::shared_ptr<const Vocabulary> vocabulary, std::vector<float> scores, TokenTrie trie,
          Charsmap charsmap, UnigramOptions options)
      : vocabulary_(std::move(vocabulary)),
        scores_(std::move(scores)),
        trie_(std::move(trie)),
        charsmap_(std::move(charsmap)),
        options_(options) {
    float worst = std::numeric_limits<float>::max();
    for (TokenId id = 0; id < vocabulary_->size(); ++id) {
      if (vocabulary_->type(id) != Vocabulary::Type::normal) continue;
      worst = std::min(worst, scores_[id]);
      words_end_at_spaces_ &= vocabulary_->token(id).find(' ', 1) == std::string::npos;
    }
    unknown_score_ = static_cast<double>(worst) - kUnknownPenalty;
  }

  void encode(std::string_view segment, std::vector<TokenId>& ids) const override {
    const std::string text = spaces_for_marks(normalize(segment));
    // Words are spelled one by one, as Hugging Face does: sums of fewer scores, in the same order, so equal
    // ones are equal on both sides.
    std::vector<double> best(std::max<size_t>(trie_.longest_token(), 4) + 1, kImpossible);
    for (size_t begin = 0; begin < text.size();) {
      size_t end = words_end_at_spaces_ ? text.find(' ', begin + 1) : std::string::npos;
      end = std::min(end, text.size());
      encode_word(std::string_view(text).substr(begin, end - begin), best, ids);
      begin = end;
    }
  }

 private:
  std::string normalize(std::string_view segment) const {
    std::string text(options_.space_prefix ? " " : "");
    while (!segment.empty()) {
      const Charsmap::Match match = charsmap_.longest_match(segment);
      const size_t length = match.length > 0 ? match.length : first_utf8_char(segment).length;
      for (const char c : match.length > 0 ? match.replacement : segment.substr(0, length)) {
        const bool extra = c == ' ' && (text.empty() || text.back() == ' ');
        if (!extra || !options_.remove_extra_spaces) text += c;
      }
      segment.remove_prefix(length);
    }
    if (options_.remove_extra_spaces && text.ends_with(' ')) text.pop_back();
    return to_valid_utf8(text);  // a damaged charsmap may cut characters
  }

  // best[i % size] is the score of the best way to spell the first i bytes, last[i] its last token. `best` is
  // all kImpossible before and after, and longer than the longest step.
  void encode_word(std::string_view word, std::vector<double>& best, std::vector<TokenId>& ids) const {
    std::vector<TokenId> last(word.size() + 1, -1);
    best[0] = 0;
    for (size_t at = 0; at < word.size();) {
      const size_t length = first_utf8_char(word.substr(at)).length;
      const double score = best[at % best.size()];
      bool spelled = false;
      const auto consider = [&](TokenId id, size_t size, double candidate) {
        double& champion = best[(at + size) % best.size()];
        if (candidate <= champion) return;
        champion = candidate;
        last[at + size] = id;
      };
      trie_.for_each_prefix(word.substr(at), [&](TokenId id, size_t size) {
        consider(id, size, score + static_cast<double>(scores_[id]));
        spelled |= size == length;
      });
      if (!spelled) consider(kUnspelled, length, score + unknown_score_);
      for (const size_t next = at + length; at < next; ++at) best[at % best.size()] = kImpossible;
    }
    best[word.size() % best.size()] = kImpossible;
    append_path(word, last, ids);
  }

  void append_path(std::string_view word, const std::vector<TokenId>& last, std::vector<TokenId>& ids) const {
    const auto first = static_cast<std::ptrdiff_t>(ids.size());
    for (size_t at = word.size(); at > 0;) {
      const TokenId id = last[at];
      if (id != kUnspelled) {
        ids.push_back(id);
        at -= vocabulary_->token(id).size();
        continue;
      }
      do --at;
      while (at > 0 && (static_cast<unsigned char>(word[at]) & 0xC0) == 0x80);
      const bool starts_run = at == 0 || last[at] != kUnspelled;
      if (starts_run && options_.unknown >= 0) ids.push_back(options_.unknown);
    }
    std::reverse(ids.begin() + first, ids.end());
  }

  static constexpr TokenId kUnspelled = -2;

  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<float> scores_;
  TokenTrie trie_;
  Charsmap charsmap_;
  UnigramOptions options_;
  bool words_end_at_spaces_ = true;
  double unknown_score_ = 0;
};

}  // namespace

Result<std::unique_ptr<const SegmentEncoder>> create_unigram(std::shared_ptr<const Vocabulary> vocabulary,
                                                             std::vector<float> scores,
                                                             std::string_view charsmap,
                                                             UnigramOptions options) {
  ASSIGN_OR_RETURN(TokenTrie trie, TokenTrie::create(*vocabulary));
  ASSIGN_OR_RETURN(Charsmap map, Charsmap::create(charsmap));
  return std::unique_ptr<const SegmentEncoder>(std::make_unique<Unigram>(
      std::move(vocabulary), std::move(scores), std::move(trie), std::move(map), options));
}

}  // namespace understudy
