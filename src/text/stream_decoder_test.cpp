#include "text/stream_decoder.h"

#include <gtest/gtest.h>

#include "text/utf8.h"

namespace understudy {
namespace {

// Token i is pieces[i], whatever its bytes.
class PieceTokenizer final : public Tokenizer {
 public:
  explicit PieceTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  std::vector<TokenId> encode(const PromptText&, bool) const override { return {}; }
  std::string bytes(TokenId id, bool) const override { return pieces_[id]; }
  TokenId size() const override { return static_cast<TokenId>(pieces_.size()); }
  bool is_control(TokenId) const override { return false; }
  std::optional<TokenId> find(std::string_view) const override { return std::nullopt; }
  std::optional<TokenId> bos() const override { return std::nullopt; }
  std::optional<TokenId> eos() const override { return std::nullopt; }

 private:
  std::vector<std::string> pieces_;
};

struct Answer {
  std::string text;
  bool stopped = false;
};

Answer stream(const std::vector<std::string>& pieces, const std::vector<std::string>& stops) {
  StreamDecoder decoder(std::make_shared<PieceTokenizer>(pieces), stops);
  Answer answer;
  for (TokenId id = 0; id < static_cast<TokenId>(pieces.size()); ++id) {
    const std::string part = decoder.push(id);
    EXPECT_TRUE(is_valid_utf8(part));
    EXPECT_TRUE(!answer.stopped || part.empty());
    answer.text += part;
    answer.stopped = decoder.stopped();
  }
  answer.text += decoder.finish();
  answer.stopped = decoder.stopped();
  EXPECT_EQ(decoder.finish(), "");
  return answer;
}

// Every way to cut `text` into pieces gives `expected`.
void expect_for_every_split(const std::string& text, const std::vector<std::string>& stops,
                            const std::string& expected, bool stopped) {
  ASSERT_GT(text.size(), 0u);
  ASSERT_LE(text.size(), 14u);
  for (uint32_t cuts = 0; cuts < 1u << (text.size() - 1); ++cuts) {
    std::vector<std::string> pieces(1);
    for (size_t i = 0; i < text.size(); ++i) {
      if (i > 0 && (cuts >> (i - 1) & 1)) pieces.emplace_back();
      pieces.back() += text[i];
    }
    const Answer answer = stream(pieces, stops);
    ASSERT_EQ(answer.text, expected) << text << ", cuts " << cuts;
    ASSERT_EQ(answer.stopped, stopped) << text << ", cuts " << cuts;
  }
}

const std::string kFire = "\xF0\x9F\x94\xA5", kYou = "\xE4\xBD\xA0", kLost = "\xEF\xBF\xBD";

TEST(StreamDecoder, GivesTheWholeTextWithoutStops) {
  for (const std::string& text :
       {std::string("hello"), "a" + kFire + kYou + "b", kFire + "\xFF" + kYou, kYou + "\xE4\xBD",
        std::string("\xF0\x9F\x94"), std::string("\x80\xC0\x80"), std::string("a\0b", 3)}) {
    expect_for_every_split(text, {}, to_valid_utf8(text), false);
  }
}

TEST(StreamDecoder, StopsWhereTheTokensDoNotMatter) {
  expect_for_every_split("one STOP two", {"STOP"}, "one ", true);
  expect_for_every_split("one STO two", {"STOP"}, "one STO two", false);
  expect_for_every_split("STSTSTOPx", {"STSTOP"}, "ST", true);  // a match begun within a match
  expect_for_every_split("aaab", {"aab"}, "a", true);
  expect_for_every_split("ab\n\ncd", {"\n\n", "zz"}, "ab", true);
  expect_for_every_split("x" + kFire + kYou + "y", {kYou}, "x" + kFire, true);
  expect_for_every_split("x" + kFire + "y", {kFire + "z", "q"}, "x" + kFire + "y", false);
  expect_for_every_split("end", {"end"}, "", true);
  expect_for_every_split("the en", {"end"}, "the en", false);  // held back, then given at the end
}

TEST(StreamDecoder, TakesTheStopThatIsCompleteFirst) {
  expect_for_every_split("xabcdy", {"abcd", "bc"}, "xa", true);
  expect_for_every_split("xabcy", {"bc", "abc"}, "x", true);  // complete together: the longest
  expect_for_every_split("xabdy", {"abc", "bd"}, "xa", true);
}

TEST(StreamDecoder, FindsStopsInReplacedText) {
  expect_for_every_split(
      "a\xFF"
      "b",
      {kLost + "b"}, "a", true);
  expect_for_every_split("ab\xF0\x9F", {"b" + kLost}, "a", true);  // complete only at the end
}

TEST(StreamDecoder, ReleasesWhatCannotBeAStopAtOnce) {
  StreamDecoder decoder(std::make_shared<PieceTokenizer>(
                            std::vector<std::string>{"ab", "c", "x", kYou.substr(0, 2), kYou.substr(2)}),
                        {"bcd", ""});
  EXPECT_EQ(decoder.push(0), "a");
  EXPECT_EQ(decoder.push(1), "");
  EXPECT_EQ(decoder.push(2), "bcx");
  EXPECT_EQ(decoder.push(3), "");
  EXPECT_EQ(decoder.push(4), kYou);
  EXPECT_EQ(decoder.finish(), "");
  EXPECT_FALSE(decoder.stopped());
}

}  // namespace
}  // namespace understudy
