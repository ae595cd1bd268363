#include "grammar/counted_pattern.h"

#include <gtest/gtest.h>

#include <random>

#include "grammar/regex.h"

namespace understudy {
namespace {

TEST(CountedPattern, OneClassIsRepeated) {
  const struct {
    const char *pattern, *unbounded;
    uint32_t low, high;
  } kCases[] = {{"^[a-z0-9_]{1,500}$", "^[a-z0-9_]*$", 1, 500},
                {"^[a-z][a-z0-9-]{0,62}$", "^[a-z][a-z0-9-]*$", 1, 63},
                {"^id-[0-9]{2}\\w{3,90}.$", "^id-[0-9]{2}\\w*.$", 9, 96},
                {"^.{40,}$", "^.*$", 40, kEndless},
                {"^\\p{L}{0,64}\\}$", "^\\p{L}*\\}$", 1, 65},
                {"^[^\\]]{0,99}\xC3\xA9$", "^[^\\]]*\xC3\xA9$", 1, 100},
                {"^a{0,4294967294}b$", "^a*b$", 1, kEndless - 1}};
  for (const auto& [pattern, unbounded, low, high] : kCases) {
    const auto counted = counted_pattern(pattern);
    ASSERT_TRUE(counted) << pattern;
    EXPECT_EQ(counted->unbounded, unbounded);
    EXPECT_EQ(counted->low, low) << pattern;
    EXPECT_EQ(counted->high, high) << pattern;
  }
}

TEST(CountedPattern, OthersAreLeftAlone) {
  for (const char* pattern : {"",
                              "^",
                              "$",
                              "^$",
                              "[a-z]{1,500}",
                              "^[a-z]{1,500}",
                              "[a-z]{1,500}$",
                              "^[a-z]{1,9}$",
                              "^[0-9a-f]{64}$",
                              "^a{1,50}b{1,50}$",
                              "^(a|b){1,50}$",
                              "^a{1,50}|b$",
                              "^a*b{1,50}$",
                              "^a{1,50}?$",
                              "^a{50,1}$",
                              "^a{1,50}\\$",
                              "^[a-z{1,50}$",
                              "^a{1,50$",
                              "^a{,50}$",
                              "^a{x}$",
                              "^\\1{1,50}$",
                              "^a$b{1,50}$",
                              "^a{99999999999}b{1,50}$"}) {
    EXPECT_FALSE(counted_pattern(pattern)) << pattern;
  }
}

// The language is the same: random patterns, and texts around their bounds.
TEST(CountedPattern, MeansTheSameTexts) {
  std::mt19937 random(1);
  const auto upto = [&](size_t n) { return random() % (n + 1); };
  const std::string_view atoms[] = {"a", "[ab]", "[^b]", ".", "\\w", "\xC3\xA9"};
  const std::string_view characters[] = {"a", "b", "-", "\n", "\xC3\xA9", "\xF0\x9F\x98\x80"};
  size_t matched = 0;
  for (int round = 0; round < 200; round++) {
    const size_t low = upto(40), high = std::max<size_t>(low + 1 + upto(10), 32);
    std::string pattern = "^";
    for (size_t i = upto(2); i > 0; i--) pattern += atoms[upto(5)];
    pattern += std::string(atoms[upto(5)]) + "{" + std::to_string(low) + "," + std::to_string(high) + "}";
    if (upto(1)) pattern += std::string(atoms[upto(5)]) + "{2}";
    pattern += "$";
    const auto counted = counted_pattern(pattern);
    ASSERT_TRUE(counted) << pattern;
    Budget budget(3'000'000);
    const auto whole = regex_dfa(pattern, budget), unbounded = regex_dfa(counted->unbounded, budget);
    ASSERT_TRUE(whole && unbounded) << pattern;
    for (int i = 0; i < 100; i++) {
      std::string text;
      const std::string_view most = characters[upto(5)];
      const size_t length = i % 2 == 0 ? high + upto(8) - 4 : low + upto(8) - std::min<size_t>(low, 4);
      for (size_t k = 0; k < length; k++) text += upto(20) == 0 ? characters[upto(5)] : most;
      const auto points = code_points(text);
      const bool fits = points.size() >= counted->low && points.size() <= counted->high;
      const bool expected = whole->label_of(points) != 0;
      EXPECT_EQ(unbounded->label_of(points) != 0 && fits, expected) << pattern << " " << text;
      matched += expected;
    }
  }
  EXPECT_GT(matched, 500u);
}

}  // namespace
}  // namespace understudy
