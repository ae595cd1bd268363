#include "flywheel/tokens.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "flywheel/dates.h"

namespace understudy {
namespace {

std::vector<std::string> pieces(std::string_view text) {
  std::vector<std::string> list;
  for (const Token& token : tokens_of(text))
    list.emplace_back(text.substr(token.begin, token.end - token.begin));
  return list;
}

TEST(Tokens, KeepNumbersAndDatesWhole) {
  EXPECT_EQ(pieces("Hi  Bob, pay 12.50 by 2026-11-22."),
            (std::vector<std::string>{"Hi", "  ", "Bob", ",", " ", "pay", " ", "12.50", " ", "by", " ",
                                      "2026-11-22", "."}));
  EXPECT_EQ(pieces("on November 22, 2026\n\n"),
            (std::vector<std::string>{"on", " ", "November 22, 2026", "\n", "\n"}));
  EXPECT_EQ(pieces("caf\xC3\xA9_1|x"), (std::vector<std::string>{"caf\xC3\xA9_1", "|", "x"}));
  EXPECT_TRUE(pieces("").empty());
}

TEST(Tokens, LieEndToEnd) {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) text += std::string(1 + byte % 3, static_cast<char>(byte)) + "7";
  std::string joined;
  for (const std::string& piece : pieces(text)) joined += piece;
  EXPECT_EQ(joined, text);
}

TEST(Tokens, TextsThatShareNineTokensShareAShingle) {
  const std::string common = "alpha beta gamma delta epsilon zeta eta";
  const auto a = shingles_of("one two " + common + " three", 0), b = shingles_of("x, y: " + common + "!", 0);
  std::vector<uint64_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  EXPECT_FALSE(both.empty());
  const auto c = shingles_of("nothing of that kind stands here, not a word", 0);
  both.clear();
  std::set_intersection(a.begin(), a.end(), c.begin(), c.end(), std::back_inserter(both));
  EXPECT_TRUE(both.empty());
}

TEST(Dates, ReadsCommonForms) {
  const int64_t day = 20779;  // 2026-11-22
  for (const std::string text :
       {"2026-11-22", "2026-11-22T10:30:00Z", "2026/11/22", "22.11.2026", "11/22/2026", "November 22, 2026",
        "Nov 22nd, 2026", "22 November 2026", "22nd Nov 2026"}) {
    const auto date = date_at(text, 0);
    ASSERT_TRUE(date) << text;
    EXPECT_EQ(date->length, text.size()) << text;
    EXPECT_EQ(date->day, day) << text;
    EXPECT_TRUE(is_date_or_time(text));
  }
  const auto either = date_at("03/04/2026", 0);
  ASSERT_TRUE(either);
  EXPECT_EQ(std::abs(either->day - either->other_day), 30);  // 3 April or March 4
  for (const std::string text :
       {"2026-13-40", "1.2.3", "May I come", "12 monkeys", "2026-11-223", "99/99/2026", "march"}) {
    EXPECT_FALSE(date_at(text, 0)) << text;
  }
  for (const std::string text : {"10:30", "23:59:59", "Monday", "sun", "October"})
    EXPECT_TRUE(is_date_or_time(text)) << text;
  for (const std::string text : {"", "12", "1:2:3:4", "gold", "10:30 or so"})
    EXPECT_FALSE(is_date_or_time(text)) << text;
}

}  // namespace
}  // namespace understudy
