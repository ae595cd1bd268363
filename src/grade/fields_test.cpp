#include "grade/fields.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

Grade grade(std::string_view answer, std::string_view truth) {
  auto result = grade_fields(answer, truth, {});
  EXPECT_TRUE(result.ok());
  return result.ok() ? *result : Grade{};
}

TEST(FieldGrader, ScoresTheShareOfRightFields) {
  const Grade found =
      grade(R"({"name":"Ann","age":"30","city":null,"zip":1})", R"({"name":"Ann","age":30,"mail":"a@b"})");
  ASSERT_EQ(found.fields.size(), 5u);  // name right; age and mail wrong; city and zip extra
  EXPECT_DOUBLE_EQ(found.score, 0.2);
  EXPECT_FALSE(found.right);
  EXPECT_EQ(found.reason, "4 of 5 fields are wrong: /age, /mail, /city, /zip");
  EXPECT_TRUE(found.fields[0].right);
  EXPECT_EQ(found.fields[2].reason, "is missing");
}

TEST(FieldGrader, AllRightIsRight) {
  const Grade found = grade(R"({"b":[1.0],"a":{"c":2}})", R"({"a":{"c":2},"b":[1]})");
  EXPECT_TRUE(found.right);
  EXPECT_EQ(found.score, 1);
  EXPECT_TRUE(grade("{}", "{}").right);
  EXPECT_EQ(grade(R"({"a":1})", "{}").score, 0);
}

TEST(FieldGrader, WantsObjects) {
  EXPECT_FALSE(grade("[]", "{}").well_formed);
  EXPECT_FALSE(grade("no", "{}").well_formed);
  EXPECT_FALSE(grade_fields("{}", "[]", {}).ok());
}

}  // namespace
}  // namespace understudy
