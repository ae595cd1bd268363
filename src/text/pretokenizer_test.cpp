#include "text/pretokenizer.h"

#include <gtest/gtest.h>

#include <vector>

namespace understudy {
namespace {

using Words = std::vector<std::string>;

Words split(std::string_view name, std::string_view text) {
  Words words;
  const auto pretokenizer = Pretokenizer::create(name);
  EXPECT_TRUE(pretokenizer.ok());
  pretokenizer->split(text, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

// Expected pieces: pre_tokenize_str of Hugging Face tokenizers 0.23.3 with each family's tokenizer.json
// expression.
TEST(Pretokenizer, SplitsAsSmollm) {
  EXPECT_EQ(split("smollm", "I'LL say  it's 123 o'clock"),
            (Words{"I", "'", "LL", " say", " ", " it", "'s", " ", "1", "2", "3", " o", "'", "clock"}));
  EXPECT_EQ(split("smollm", "a  \n\n  b \r\n\tc"), (Words{"a", "  \n\n ", " b", " \r\n", "\t", "c"}));
  EXPECT_EQ(split("smollm", "if (x==10) {\n\n  y();"),
            (Words{"if", " (", "x", "==", "1", "0", ")", " {", "\n\n ", " y", "();"}));
  EXPECT_EQ(split("smollm", "x  5"), (Words{"x", "  ", "5"}));  // blanks before a digit stay together
}

TEST(Pretokenizer, SplitsAsQwen2) {
  EXPECT_EQ(split("qwen2", "I'LL say  it's 123 o'clock"),
            (Words{"I", "'LL", " say", " ", " it", "'s", " ", "1", "2", "3", " o", "'clock"}));
  EXPECT_EQ(split("qwen2", "a  \n\n  b \r\n\tc"), (Words{"a", "  \n\n", " ", " b", " \r\n", "\tc"}));
  EXPECT_EQ(split("qwen2", "if (x==10) {\n\n  y();"),
            (Words{"if", " (", "x", "==", "1", "0", ")", " {\n\n", " ", " y", "();"}));
  EXPECT_EQ(split("qwen2", "x  5"), (Words{"x", " ", " ", "5"}));
}

TEST(Pretokenizer, SplitsAsLlama3) {
  EXPECT_EQ(split("llama-bpe", "it's 12345"), (Words{"it", "'s", " ", "123", "45"}));
  EXPECT_EQ(
      split("llama-bpe", "\xC2\xB2\xC2\xB3\xE2\x85\xA7I'\xC5\xBF"),  // two superscripts, Roman eight, long s
      (Words{"\xC2\xB2\xC2\xB3\xE2\x85\xA7", "I", "'\xC5\xBF"}));
  // U+180E is white space for PCRE2 but not for Unicode; U+00A0 goes with the letter.
  EXPECT_EQ(split("llama-bpe", "\xE1\xA0\x8E\xC2\xA0x"), (Words{"\xE1\xA0\x8E", "\xC2\xA0x"}));
}

TEST(Pretokenizer, LosesNothingOfLongRuns) {
  for (const std::string unit : {"a", " ", "\n", " \n", "1", "!", "\r\n"}) {
    for (const char* name : {"smollm", "qwen2", "llama-bpe"}) {
      std::string text;
      while (text.size() < 1'000'000) text += unit;
      text += "x";
      std::string joined;
      const auto pretokenizer = Pretokenizer::create(name);
      size_t words = 0;
      pretokenizer->split(text, [&](std::string_view word) { joined += word, ++words; });
      EXPECT_EQ(joined, text);
      EXPECT_TRUE(unit != " " || words == 2) << name << ": " << words << " words";
    }
  }
}

TEST(Pretokenizer, NamesWhatItKnows) {
  const auto unknown = Pretokenizer::create("tekken");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
  EXPECT_NE(unknown.error().message().find("tekken"), std::string::npos);
  EXPECT_NE(unknown.error().message().find("smollm, qwen2, llama-bpe"), std::string::npos);
}

}  // namespace
}  // namespace understudy
