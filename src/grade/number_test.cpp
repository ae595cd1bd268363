#include "grade/number.h"

#include <gtest/gtest.h>

#include <cmath>

namespace understudy {
namespace {

bool right(std::string_view answer, std::string_view truth, GradeOptions options = {}) {
  auto result = grade_number(answer, truth, options);
  EXPECT_TRUE(result.ok());
  return result.ok() && result->right;
}

TEST(NumberGrader, IsExactWithoutATolerance) {
  EXPECT_TRUE(right(" 12.50\n", "12.5"));
  EXPECT_TRUE(right("1e2", "100"));
  EXPECT_FALSE(right("12.51", "12.5"));
}

TEST(NumberGrader, TakesTheWiderTolerance) {
  EXPECT_TRUE(right("101", "100", {.absolute_tolerance = 0, .relative_tolerance = 0.01}));
  EXPECT_FALSE(right("101.1", "100", {.absolute_tolerance = 0, .relative_tolerance = 0.01}));
  EXPECT_TRUE(right("0.4", "0", {.absolute_tolerance = 0.5, .relative_tolerance = 0.01}));
  EXPECT_TRUE(right("-101", "-100", {.absolute_tolerance = 0, .relative_tolerance = 0.01}));
}

TEST(NumberGrader, RefusesWhatIsNoNumber) {
  for (const char* answer : {"", "12 EUR", "1,000", "nan", "inf", "1e999", "+1", "0x10", "1 2"}) {
    auto result = grade_number(answer, "1", {});
    ASSERT_TRUE(result.ok());
    EXPECT_FALSE(result->well_formed) << answer;
  }
  EXPECT_FALSE(grade_number("1", "one", {}).ok());
  EXPECT_FALSE(grade_number("1", "1", {.absolute_tolerance = -1}).ok());
  EXPECT_FALSE(grade_number("1", "1", {.relative_tolerance = std::nan("")}).ok());
}

}  // namespace
}  // namespace understudy
