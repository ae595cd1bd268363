#include "grade/graders.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace understudy {
namespace {

TEST(Graders, AreFoundByName) {
  std::set<std::string_view> names;
  for (const Grader& grader : graders()) {
    EXPECT_TRUE(names.insert(grader.name).second) << grader.name;
    auto found = find_grader(grader.name);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ((*found)->grade, grader.grade);
  }
  auto missing = find_grader("fuzzy");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().hint.find("exact, json"), std::string::npos);
}

// Any bytes in either place: a Grade or an Error, and right exactly when the score is 1.
TEST(Graders, TakeAnyBytes) {
  std::mt19937_64 random(1);
  constexpr std::string_view kAlphabet = "{}[]\":,01e.-+ \\u\"name\"arguments\"tool_calls\xff\xe2\x82";
  for (int round = 0; round < 20000; round++) {
    std::string texts[2];
    for (std::string& text : texts) {
      const size_t size = random() % 24;
      while (text.size() < size) text += kAlphabet[random() % kAlphabet.size()];
    }
    for (const Grader& grader : graders()) {
      auto grade = grader.grade(texts[0], texts[1], {});
      if (!grade.ok()) continue;
      EXPECT_EQ(grade->right, grade->score == 1);
      EXPECT_EQ(grade->right, grade->reason.empty());
      EXPECT_TRUE(grade->well_formed || !grade->right);
    }
  }
}

}  // namespace
}  // namespace understudy
