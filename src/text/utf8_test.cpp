#include "text/utf8.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

// Expected values: bytes.decode('utf-8', errors='replace') of Python 3.11, "?" here for U+FFFD.
TEST(Utf8, ReplacesMaximalInvalidSubparts) {
  const std::pair<std::string, std::string> cases[] = {
      {"abc", "abc"},
      {"\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80", "\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80"},
      {"a\xFF\xFE", "a??"},
      {"\xC0\x80", "??"},            // overlong
      {"\xE0\x80\x80", "???"},       // overlong
      {"\xED\xA0\x80", "???"},       // surrogate
      {"\xF4\x90\x80\x80", "????"},  // above U+10FFFF
      {"\xF0\x9F\x98", "?"},         // cut short
      {"\xF0\x9F\x98"
       "a",
       "?a"},
      {"\xE4\xBD\xE4\xBD\xA0", "?\xE4\xBD\xA0"},
      {"\x80", "?"},
      {"\xF8\x88\x80", "???"},
  };
  for (const auto& [text, expected] : cases) {
    std::string replaced = to_valid_utf8(text);
    EXPECT_TRUE(is_valid_utf8(replaced));
    for (size_t at; (at = replaced.find(kReplacementCharacter)) != std::string::npos;)
      replaced.replace(at, 3, "?");
    EXPECT_EQ(replaced, expected);
    EXPECT_EQ(is_valid_utf8(text), text == expected);
  }
}

TEST(Utf8, TellsIncompleteFromInvalid) {
  EXPECT_EQ(first_utf8_char("\xF0\x9F\x98").state, Utf8Char::State::incomplete);
  EXPECT_EQ(first_utf8_char("\xE4").state, Utf8Char::State::incomplete);
  EXPECT_EQ(first_utf8_char("\xE4"
                            "a")
                .state,
            Utf8Char::State::invalid);
  EXPECT_EQ(first_utf8_char("\xED\xA0").state, Utf8Char::State::invalid);
}

TEST(Utf8, CountsCharacters) { EXPECT_EQ(count_utf8_chars("a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80"), 4u); }

TEST(Utf8, OneLineCutsAtACharacter) {
  EXPECT_EQ(one_line("  a \n\t b", 10), "a b");
  EXPECT_EQ(one_line("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(one_line("abcdefghi", 8), "abcde...");
  EXPECT_EQ(one_line("abcd\xC3\xA9xyz", 8), "abcd...");  // not half of the e with its accent
}

}  // namespace
}  // namespace understudy
