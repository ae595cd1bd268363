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

TEST(Pretokenizer, SplitsAsGpt2) {
  EXPECT_EQ(split("gpt-2", "I'LL  don't 12345 caf\xC3\xA9 x2!\n\n "),
            (Words{"I", "'", "LL", " ", " don", "'t", " 12345", " caf\xC3\xA9", " x", "2", "!", "\n\n "}));
}

TEST(Pretokenizer, KeepsMarksAndDigitsAsTheFamilySays) {
  EXPECT_EQ(split("qwen35", "\xE0\xA4\x95\xE0\xA5\x8D\xE0\xA4\xB7 e\xCC\x81 a1"),
            (Words{"\xE0\xA4\x95\xE0\xA5\x8D\xE0\xA4\xB7", " e\xCC\x81", " a", "1"}));
  EXPECT_EQ(split("minicpm5", "it's 12345 x"), (Words{"it", "'s", " ", "123", "45", " x"}));
}

TEST(Pretokenizer, SplitsAsGpt4o) {
  EXPECT_EQ(split("gpt-4o", "HTTPServer's don'T iPhone 12345 //x\n/"),
            (Words{"HTTPServer's", " don'T", " i", "Phone", " ", "123", "45", " //", "x", "\n", "/"}));
  EXPECT_EQ(split("tekken", "HTTPServer's 12345"), (Words{"HTTPServer", "'s", " ", "1", "2", "3", "4", "5"}));
}

TEST(Pretokenizer, SplitsAsDeepseek) {
  EXPECT_EQ(split("deepseek-v3",
                  "(abc) 12345\xE4\xB8\x96\xE7\x95\x8C\xE3\x81\x82"
                  "a\n x"),
            (Words{"(abc", ")", " ", "123", "45", "\xE4\xB8\x96\xE7\x95\x8C\xE3\x81\x82", "a", "\n", " x"}));
  EXPECT_EQ(split("deepseek-llm", "Hello \xE4\xB8\x96\xE7\x95\x8C 123, ok\n  \xE1\x83\x90 "),
            (Words{"Hello", " ", "\xE4\xB8\x96\xE7\x95\x8C", " ", "1", "2", "3", ",", " ok", "\n", "  ",
                   "\xE1\x83\x90", " "}));
  EXPECT_EQ(split("deepseek-coder", "Hello \xE4\xB8\x96\xE7\x95\x8C 123,, ok\n  $x "),
            (Words{"Hello", " ", "\xE4\xB8\x96\xE7\x95\x8C", " ", "1", "2", "3", ",,", " ok", "\n", "  $",
                   "x", " "}));
}

// Falcon takes the last byte of half and of Cyrillic em for a number.
TEST(Pretokenizer, SplitsAsFalcon) {
  EXPECT_EQ(split("falcon",
                  "a 12345 (b)\xC2\xBD"
                  "7 \xD0\xBC $x=$"),
            (Words{"a", " ", "123", "45", " ", "(", "b", ")", "\xC2",
                   "\xBD"
                   "7",
                   " \xD0", "\xBC", " ", "$", "x", "=$"}));
}

TEST(Pretokenizer, LosesNothingOfLongRuns) {
  for (const std::string unit : {"a", " ", "\n", " \n", "1", "!", "\r\n"}) {
    for (const char* name : {"gpt-2", "smollm", "qwen2", "llama-bpe", "minicpm5", "gpt-4o", "deepseek-v3",
                             "deepseek-llm", "deepseek-coder", "falcon"}) {
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
  const auto unknown = Pretokenizer::create("default");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
  EXPECT_NE(unknown.error().message().find("default"), std::string::npos);
  EXPECT_NE(unknown.error().message().find("smollm, starcoder, "), std::string::npos);
}

}  // namespace
}  // namespace understudy
