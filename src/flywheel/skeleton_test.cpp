#include "flywheel/skeleton.h"

#include <gtest/gtest.h>

#include <random>

namespace understudy {
namespace {

using Outcome = SkeletonMatch::Outcome;

SkeletonMatch match_texts(const Skeleton& skeleton, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  static std::vector<std::string> kept;
  kept = texts;
  return match_skeleton(skeleton, std::vector<std::string_view>(kept.begin(), kept.end()));
}

TEST(Skeleton, CutsSlotsAtBothEndsAndBetween) {
  const Skeleton skeleton{{{{"Be brief."}}, {{"", " said: ", "\n"}}}};
  const SkeletonMatch match = match_texts(skeleton, {"Be brief.", "Ann said: no\n"});
  ASSERT_TRUE(match.matched());
  EXPECT_EQ(match.slots, (std::vector<std::string_view>{"Ann", "no"}));
  EXPECT_EQ(skeleton.slots(), 2U);
  EXPECT_EQ(match_texts(skeleton, {"Be brief. ", "Ann said: no\n"}).outcome, Outcome::differs);
  EXPECT_EQ(match_texts(skeleton, {"Be brief.", "Ann said: no"}).outcome, Outcome::differs);
  EXPECT_EQ(match_texts(skeleton, {"Be brief."}).outcome, Outcome::differs);
}

TEST(Skeleton, EmptySlotsAreSlots) {
  const Skeleton skeleton{{{{"A", "B", "C"}}}};
  const SkeletonMatch match = match_texts(skeleton, {"ABC"});
  ASSERT_TRUE(match.matched());
  EXPECT_EQ(match.slots, (std::vector<std::string_view>{"", ""}));
  EXPECT_EQ(match_texts({{{{"AB", "BC"}}}}, {"ABC"}).outcome, Outcome::differs);  // the ends must not overlap
}

TEST(Skeleton, RefusesTextsThatCanBeCutInTwoWays) {
  const Skeleton skeleton{{{{"From: ", "\nText: ", ""}}}};
  EXPECT_TRUE(match_texts(skeleton, {"From: Ann\nText: hello"}).matched());
  const SkeletonMatch match = match_texts(skeleton, {"From: Ann\nText: hello\nText: again"});
  EXPECT_EQ(match.outcome, Outcome::ambiguous);
  EXPECT_EQ(match.literal, 1U);
  EXPECT_TRUE(match.slots.empty());
}

TEST(Skeleton, LongRepetitiveTextIsNoTrap) {
  // Quadratic search would take 10^11 steps.
  const Skeleton skeleton{{{{"", std::string(200'000, 'a') + "b", ""}}}};
  EXPECT_EQ(match_texts(skeleton, {std::string(1 << 20, 'a')}).outcome, Outcome::differs);
}

// Whatever matches is rendered back byte for byte, and no other cut renders it: over all texts of three letters a
// match's slots are the only ones.
TEST(Skeleton, RendersWhatItMatches) {
  std::mt19937 random(7);
  const auto word = [&](size_t most) {
    std::string text;
    for (size_t i = random() % (most + 1); i > 0; --i) text += static_cast<char>('a' + random() % 2);
    return text;
  };
  size_t matched = 0, ambiguous = 0;
  for (int round = 0; round < 20000; ++round) {
    Skeleton skeleton{{{{word(2), "a" + word(2), "b" + word(1), word(2)}}}};
    std::vector<std::string> slots = {word(3), word(3), word(3)};
    std::vector<std::string_view> views(slots.begin(), slots.end());
    const std::string text = render(skeleton, views)[0];
    size_t cuts = 0;
    const std::vector<std::string>& literals = skeleton.messages[0].literals;
    for (size_t i = 0; i <= text.size(); ++i) {
      for (size_t j = i + literals[1].size(); j <= text.size(); ++j) {
        const bool fits = i >= literals[0].size() && text.compare(i, literals[1].size(), literals[1]) == 0 &&
                          text.compare(j, literals[2].size(), literals[2]) == 0 &&
                          j + literals[2].size() + literals[3].size() <= text.size();
        cuts += fits ? 1 : 0;
      }
    }
    const SkeletonMatch match = match_message(skeleton.messages[0], text);
    ASSERT_EQ(match.outcome, cuts == 1 ? Outcome::matched : Outcome::ambiguous) << text;
    if (!match.matched()) {
      ++ambiguous;
      continue;
    }
    ++matched;
    ASSERT_EQ(render(skeleton, match.slots)[0], text);
    ASSERT_EQ(match.slots, views);
  }
  EXPECT_GT(matched, 2000U);
  EXPECT_GT(ambiguous, 2000U);
}

}  // namespace
}  // namespace understudy
