#include "grade/exact.h"

#include <gtest/gtest.h>

#include "grade/limits.h"

namespace understudy {
namespace {

Grade grade(std::string_view answer, std::string_view truth) {
  auto result = grade_exact(answer, truth, {});
  EXPECT_TRUE(result.ok());
  return result.ok() ? *result : Grade{};
}

TEST(ExactGrader, DropsWhiteSpaceAroundAndNothingElse) {
  EXPECT_TRUE(grade(" card_arrival\r\n", "\tcard_arrival").right);
  EXPECT_FALSE(grade("card arrival", "card  arrival").right);
  EXPECT_FALSE(grade("Card_arrival", "card_arrival").right);
  EXPECT_FALSE(grade("card_arrival.", "card_arrival").right);
  EXPECT_FALSE(grade("card_arrival\xc2\xa0", "card_arrival").right);  // a no-break space counts
}

TEST(ExactGrader, SaysWhatItExpected) {
  EXPECT_EQ(grade("b", "a").reason, R"(expected "a", found "b")");
  EXPECT_EQ(grade("b", "a").score, 0);
  EXPECT_TRUE(grade("b", "a").well_formed);
  EXPECT_FALSE(grade(" \n", "a").well_formed);
  EXPECT_TRUE(grade("", " ").right);
}

TEST(ExactGrader, BoundsItsReason) {
  const std::string long_answer(kMaxGradedBytes * 2, '"');
  EXPECT_LT(grade(long_answer, "a").reason.size(), 300u);
  const std::string multibyte = std::string(kMaxShownValueBytes - 2, 'x') + "\xe2\x82\xac\xe2\x82\xac";
  const std::string reason = grade(multibyte, "a").reason;
  EXPECT_EQ(reason.find("\xe2"), std::string::npos) << reason;  // never half a character
}

TEST(ExactGrader, RefusesATruthThatIsTooLong) {
  EXPECT_FALSE(grade_exact("a", std::string(kMaxGradedBytes + 1, 'a'), {}).ok());
}

}  // namespace
}  // namespace understudy
