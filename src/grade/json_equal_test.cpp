#include "grade/json_equal.h"

#include <gtest/gtest.h>

#include "grade/limits.h"

namespace understudy {
namespace {

Grade grade(std::string_view answer, std::string_view truth) {
  auto result = grade_json(answer, truth, {});
  EXPECT_TRUE(result.ok());
  return result.ok() ? *result : Grade{};
}

TEST(JsonGrader, KeysHaveNoOrderAndArraysHave) {
  EXPECT_TRUE(grade(R"( {"b": [1, 2], "a": null} )", R"({"a":null,"b":[1,2]})").right);
  EXPECT_EQ(grade(R"({"b":[2,1]})", R"({"b":[1,2]})").reason,
            "/b/0: expected 1, found 2; /b/1: expected 2, found 1");
  EXPECT_EQ(grade("[1]", "[1,2]").reason, "the value: expected 2 elements, found 1");
}

TEST(JsonGrader, NumbersCompareByValue) {
  EXPECT_TRUE(grade("1.0", "1").right);
  EXPECT_TRUE(grade("1e2", "100").right);
  EXPECT_TRUE(grade("-0.0", "0").right);
  EXPECT_TRUE(grade("18446744073709551615", "18446744073709551615").right);
  EXPECT_FALSE(grade("1.0000001", "1").right);
  EXPECT_FALSE(grade("-1", "18446744073709551615").right);
  // 2^53 + 1 is no double: comparing through one would call these equal.
  EXPECT_FALSE(grade("9007199254740993", "9007199254740992.0").right);
  EXPECT_TRUE(grade("9223372036854775808", "9223372036854775808.0").right);
  EXPECT_FALSE(grade("1e300", "9223372036854775807").right);
}

TEST(JsonGrader, TypesAreNotConverted) {
  EXPECT_FALSE(grade(R"("1")", "1").right);
  EXPECT_FALSE(grade("null", "false").right);
  EXPECT_FALSE(grade("{}", "[]").right);
}

TEST(JsonGrader, NamesMissingAndExtraFields) {
  const Grade found = grade(R"({"a":{"x/y":1,"z":2},"c":3})", R"({"a":{"x/y":2},"b":0})");
  EXPECT_EQ(found.reason, "/a/x~1y: expected 2, found 1; /a/z is extra; /b is missing; /c is extra");
  EXPECT_TRUE(found.well_formed);
}

TEST(JsonGrader, NamesAFewOfManyDifferences) {
  std::string answer = "[0", truth = "[1";
  for (int i = 0; i < 1000; i++) answer += ",0", truth += ",1";
  const Grade found = grade(answer + "]", truth + "]");
  EXPECT_NE(found.reason.find("/7:"), std::string::npos);
  EXPECT_EQ(found.reason.find("/8:"), std::string::npos);
}

TEST(JsonGrader, BrokenAnswersAreWrongAndBrokenTruthsAreErrors) {
  for (const char* answer : {"", "{", "```json\n{}\n```", R"({"a":1,"a":1})", "{} {}"}) {
    EXPECT_FALSE(grade(answer, "{}").well_formed) << answer;
    EXPECT_FALSE(grade(answer, "{}").right) << answer;
  }
  EXPECT_FALSE(grade_json("{}", "{", {}).ok());
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_FALSE(grade(deep, "{}").well_formed);
  EXPECT_FALSE(grade(std::string(kMaxGradedBytes + 1, ' '), "{}").well_formed);
}

}  // namespace
}  // namespace understudy
