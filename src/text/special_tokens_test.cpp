#include "text/special_tokens.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

const SpecialTokens kSpecial({{"<|im|>", 1, true},
                              {"<|im|>x", 2, true},
                              {"<tag>", 3, false},
                              {"\n\n", 4, false},
                              {"\n\n\n", 5, false},
                              {"<|im", 6, false},
                              {"", 7, false}});

std::vector<TokenId> ids(std::string_view text, const std::vector<PromptText::Span>& untrusted = {}) {
  std::vector<TokenId> found;
  size_t end = 0;
  for (const auto& match : kSpecial.find_all(text, untrusted)) {
    EXPECT_GE(match.begin, end);
    EXPECT_LT(match.begin, match.end);
    end = match.end;
    found.push_back(match.id);
  }
  EXPECT_LE(end, text.size());
  return found;
}

using Ids = std::vector<TokenId>;

TEST(SpecialTokens, TakesTheLongestOfTheLeftmost) {
  EXPECT_EQ(ids("a<|im|>b"), Ids{1});
  EXPECT_EQ(ids("<|im|>x"), Ids{2});
  EXPECT_EQ(ids("\n\n\n\n\n\n"), (Ids{5, 5}));
  EXPECT_EQ(ids("\n\n\n\n\n"), (Ids{5, 4}));
  EXPECT_EQ(ids("<ta<tag>"), Ids{3});
  EXPECT_EQ(ids("<|im|"), Ids{6});
  EXPECT_EQ(ids(""), Ids{});
}

TEST(SpecialTokens, KeepsControlTokensOutOfUntrustedBytes) {
  const std::string text = "<|im|><|im|>";
  EXPECT_EQ(ids(text, {{0, 12}}), (Ids{6, 6}));  // what anybody may write is still found
  EXPECT_EQ(ids(text, {{6, 12}}), (Ids{1, 6}));
  EXPECT_EQ(ids(text, {{0, 6}}), (Ids{6, 1}));
  EXPECT_EQ(ids(text, {{5, 6}}), (Ids{6, 1}));  // the last byte is not trusted
  EXPECT_EQ(ids(text, {{0, 1}}), (Ids{6, 1}));  // nor the first
  EXPECT_EQ(ids("<|im|>x", {{6, 7}}), Ids{1});  // the longer one would reach into data
  EXPECT_EQ(ids(text, {{3, 3}}), (Ids{1, 1}));  // an empty span holds no byte
  EXPECT_EQ(ids("<tag>", {{0, 3}}), Ids{3});
}

TEST(SpecialTokens, FindsExactTexts) {
  EXPECT_EQ(kSpecial.find("<|im|>x"), 2);
  EXPECT_EQ(kSpecial.find("<|im|"), -1);
  EXPECT_EQ(kSpecial.find(""), -1);
}

}  // namespace
}  // namespace understudy
