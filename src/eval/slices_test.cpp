#include "eval/slices.h"

#include <gtest/gtest.h>

#include "eval/distributions.h"
#include "eval/testing/policy_rows.h"

namespace understudy {
namespace {

std::vector<PolicyRow> in_slice(std::vector<PolicyRow> rows, const std::string& name) {
  for (PolicyRow& row : rows) row.slices.push_back(name);
  return rows;
}

const SliceResult& find(const SliceReport& report, const std::string& name) {
  for (const SliceResult& slice : report.tested) {
    if (slice.name == name) return slice;
  }
  static const SliceResult kNone;
  ADD_FAILURE() << "no slice " << name;
  return kNone;
}

TEST(Slices, OneBadClassAmongManyIsFound) {
  std::vector<PolicyRow> rows;
  for (int i = 0; i < 76; i++) {
    append(rows, in_slice(graded_rows("r" + std::to_string(i) + "_", 10, true, true),
                          "intent=" + std::to_string(i)));
  }
  append(rows, in_slice(graded_rows("bad", 10, false, true), "intent=bad"));
  const SliceReport report = test_slices(rows, 0.5);
  ASSERT_EQ(report.tested.size(), 77u);
  EXPECT_EQ(report.tested[0].name, "intent=bad");  // the most suspicious comes first
  EXPECT_TRUE(report.tested[0].harmed);
  EXPECT_EQ(report.tested[0].counts.losses, 10);
  EXPECT_FALSE(report.tested[1].harmed);
  // Escalated, the same rows do no harm.
  EXPECT_FALSE(test_slices(rows, 0.95).tested[0].harmed);
}

TEST(Slices, AnIncumbentThatIsBadThereIsNotHeldAgainstThePolicy) {
  std::vector<PolicyRow> rows = in_slice(graded_rows("right", 8, true, true), "hard");
  append(rows, in_slice(graded_rows("wrong", 32, false, false), "hard"));
  const SliceReport same = test_slices(rows, 0.5);
  EXPECT_FALSE(same.tested[0].harmed);
  EXPECT_NEAR(same.tested[0].floor, 0.2, 1e-12);
  // Losing what little the incumbent gets right still is harm.
  for (PolicyRow& row : rows) row.specialist_right = false, row.same_answer = !*row.incumbent_right;
  EXPECT_TRUE(test_slices(rows, 0.5).tested[0].harmed);
}

TEST(Slices, SmallOnesArePooledAndListed) {
  std::vector<PolicyRow> rows = in_slice(graded_rows("a", 9, false, true), "a");
  append(rows, in_slice(graded_rows("b", 3, true, true), "b"));
  append(rows, in_slice(graded_rows("c", 10, true, true), "c"));
  rows[0].slices.push_back("b");  // in two small slices, but one row of the pool
  rows[0].slices.push_back("b");
  const SliceReport report = test_slices(rows, 0.5);
  EXPECT_EQ(report.not_tested_alone, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(find(report, kPooledSlice).n, 12);
  EXPECT_TRUE(find(report, kPooledSlice).harmed);
  EXPECT_EQ(find(report, "c").n, 10);
}

TEST(Slices, StateTheSmallestHarmTheyCouldHaveSeen) {
  const SliceReport large = test_slices(in_slice(graded_rows("x", 100, true, true), "x"), 0.5);
  ASSERT_TRUE(large.tested[0].smallest_visible_harm.has_value());
  const double accuracy = 1 - *large.tested[0].smallest_visible_harm;
  // At that accuracy the test finds harm 4 times in 5: the critical count of Binomial(100, 0.7) at 5 % is 61.
  EXPECT_LE(binomial_cdf(61, 100, 0.7), 0.05);
  EXPECT_GT(binomial_cdf(62, 100, 0.7), 0.05);
  EXPECT_NEAR(binomial_cdf(61, 100, accuracy), 0.8, 1e-9);

  std::vector<PolicyRow> rows = in_slice(graded_rows("y", 2, true, true), "y");
  EXPECT_FALSE(test_slices(rows, 0.5).tested[0].smallest_visible_harm.has_value());  // 0.3^2 = 9 %
  EXPECT_TRUE(test_slices({}, 0.5).tested.empty());
}

}  // namespace
}  // namespace understudy
