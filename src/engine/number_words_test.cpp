#include "engine/number_words.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

TEST(NumberWords, AreCardinalsAndOrdinalsBelowAHundred) {
  const struct {
    const char* word;
    uint64_t value;
  } kWords[] = {{"one", 1},
                {"twelve", 12},
                {"thirteen", 13},
                {"nineteen", 19},
                {"twenty", 20},
                {"forty-two", 42},
                {"ninety-nine", 99},
                {"first", 1},
                {"third", 3},
                {"twelfth", 12},
                {"fourteenth", 14},
                {"twentieth", 20},
                {"thirty-second", 32},
                {"eightieth", 80},
                {"seventy-seventh", 77}};
  for (const auto& [word, value] : kWords) {
    const auto got = value_of_number_word(word);
    ASSERT_TRUE(got) << word;
    EXPECT_EQ(*got, value) << word;
  }
}

TEST(NumberWords, OtherWordsAreNone) {
  for (const char* word : {"", "once", "teenth", "twent", "twenty-", "twenty-odd", "twentyfirst", "ten-four",
                           "eightyy", "seconds", "fifths", "One", "hundred"}) {
    EXPECT_FALSE(value_of_number_word(word)) << word;
  }
}

TEST(NumberWords, TensMayBeFollowedByMore) {
  for (const char* word : {"twenty", "fifty", "eighty", "ninety"}) EXPECT_TRUE(is_word_of_tens(word)) << word;
  for (const char* word : {"", "y", "ten", "fiftieth", "twenty-one", "tenty"})
    EXPECT_FALSE(is_word_of_tens(word)) << word;
}

}  // namespace
}  // namespace understudy
