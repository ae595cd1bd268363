#include "engine/draft_index.h"

#include <gtest/gtest.h>

#include <random>

namespace understudy {
namespace {

DraftIndex index_of(const std::vector<TokenId>& tokens) {
  DraftIndex index;
  index.add(tokens);
  return index;
}

std::vector<TokenId> tokens_of(const std::vector<Guess>& guesses) {
  std::vector<TokenId> tokens;
  for (const Guess& guess : guesses) tokens.push_back(guess.token);
  return tokens;
}

using Tokens = std::vector<TokenId>;

TEST(DraftIndex, GuessesWhatFollowedTheMostTokensAlike) {
  const DraftIndex index = index_of({1, 2, 3, 10, 11, 7, 2, 3, 20, 21, 5, kBetweenTexts});
  const auto guesses = index.after(Tokens{9, 1, 2, 3}, 2);
  EXPECT_EQ(tokens_of(guesses), (Tokens{10, 11}));
  EXPECT_EQ(guesses[0].alike, 3);
  EXPECT_EQ(guesses[1].alike, 4);
  EXPECT_EQ(tokens_of(index.after(Tokens{7, 2, 3}, 8)), (Tokens{20, 21, 5}));
  EXPECT_TRUE(index.after(Tokens{1, 2, 4}, 8).empty());
  EXPECT_TRUE(index.after(Tokens{}, 8).empty());
  EXPECT_TRUE(index.after(Tokens{5}, 8).empty());  // nothing followed it
}

TEST(DraftIndex, OneTokenIsLookedForWhereTwoAreNotFound) {
  const DraftIndex index = index_of({1, 2, 3, 4});
  const auto guesses = index.after(Tokens{9, 2}, 1);
  EXPECT_EQ(tokens_of(guesses), (Tokens{3}));
  EXPECT_EQ(guesses[0].alike, 1);
}

TEST(DraftIndex, SaysWhereThePlacesDisagree) {
  // Behind 1 2: 3 twice, then 4 or 5. Behind 6 7: 8 or 9.
  const DraftIndex index = index_of({1, 2, 3, 4, 1, 2, 3, 5, 6, 7, 8, 6, 7, 9, 0});
  const auto agreed = index.after(Tokens{1, 2}, 2);
  EXPECT_EQ(tokens_of(agreed), (Tokens{3, 5}));  // the last of two places as good
  EXPECT_TRUE(agreed[0].agreed);
  EXPECT_FALSE(agreed[1].agreed);
  EXPECT_FALSE(index.after(Tokens{6, 7}, 1)[0].agreed);
}

TEST(DraftIndex, APeriodGoesOnWithItself) {
  const Tokens text{5, 1, 2, 3, 1, 2};
  EXPECT_EQ(tokens_of(index_of(text).after(text, 7)), (Tokens{3, 1, 2, 3, 1, 2, 3}));
}

TEST(DraftIndex, NothingReachesAcrossTexts) {
  const DraftIndex index = index_of({1, 2, kBetweenTexts, 3, 4, 5, kBetweenTexts});
  EXPECT_TRUE(index.after(Tokens{1, 2}, 4).empty());
  EXPECT_EQ(tokens_of(index.after(Tokens{2, 3, 4}, 4)), (Tokens{5}));
  EXPECT_EQ(index.after(Tokens{kBetweenTexts, 3, 4}, 4)[0].alike, 2);
}

// Texts of few tokens, so that chains are long; cut at random and gone on with.
TEST(DraftIndex, IsWhatItWouldBeWithoutWhatWasCut) {
  std::mt19937 random(1);
  Tokens tokens;
  DraftIndex index;
  for (int round = 0; round < 200; round++) {
    Tokens more(random() % 40);
    for (TokenId& token : more) token = static_cast<TokenId>(random() % 6) - 1;
    index.add(more);
    tokens.insert(tokens.end(), more.begin(), more.end());
    const size_t size = tokens.size() - random() % (tokens.size() / 3 + 1);
    index.truncate(size);
    tokens.resize(size);
    ASSERT_EQ(index.size(), size);
    const auto guesses = index.after(tokens, 15), expected = index_of(tokens).after(tokens, 15);
    ASSERT_EQ(guesses.size(), expected.size());
    for (size_t i = 0; i < guesses.size(); i++) {
      EXPECT_EQ(guesses[i].token, expected[i].token);
      EXPECT_EQ(guesses[i].alike, expected[i].alike);
      EXPECT_EQ(guesses[i].agreed, expected[i].agreed);
    }
  }
}

}  // namespace
}  // namespace understudy
