#include "app/demo/measure.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

class MeasureTest : public ::testing::Test {
 protected:
  void add(CallKind kind, const std::string& change, const std::string& before, const std::string& after,
           bool local) {
    calls_.push_back(std::make_unique<DemoCall>(DemoCall{kind, change, "{}", truth_, "", false}));
    PairedReply reply;
    reply.call = calls_.back().get();
    reply.before = {before, false, 600, 0.002};
    reply.after = {after, local, local ? 20.0 : 610.0, local ? 0.0001 : 0.002};
    replies_.push_back(std::move(reply));
  }

  std::string truth_ = "a";
  std::vector<std::unique_ptr<DemoCall>> calls_;
  std::vector<PairedReply> replies_;
};

TEST_F(MeasureTest, CountsPairs) {
  for (int i = 0; i < 6; ++i) add(CallKind::bank, "", "a", "a", true);  // both right
  add(CallKind::bank, "", "b", "a", true);                              // gained
  add(CallKind::bank, "", "a", "b", true);                              // lost
  add(CallKind::bank, "", "a", "", true);                               // no answer is wrong
  add(CallKind::bank, "", "b", "b", false);                             // both wrong
  const DemoMeasure measured = measure(replies_);
  ASSERT_EQ(measured.tasks.size(), 1u);
  const TaskMeasure& task = measured.tasks[0];
  EXPECT_EQ(task.traffic.calls, 10);
  EXPECT_EQ(task.traffic.local, 9);
  EXPECT_EQ(task.incumbent_right.hits, 8);
  EXPECT_EQ(task.policy_right.hits, 7);
  EXPECT_EQ(task.paired.gains, 1);
  EXPECT_EQ(task.paired.losses, 2);
  EXPECT_EQ(task.local_right.hits, 7);
  EXPECT_EQ(task.local_right.n, 9);
  EXPECT_EQ(task.local_incumbent_right.hits, 8);
  EXPECT_LT(task.lower, -0.1);
  EXPECT_GT(task.upper, -0.1);
  EXPECT_NEAR(*task.traffic.cost_before_usd, 0.002, 1e-12);
  EXPECT_NEAR(*task.traffic.cost_after_usd, (9 * 0.0001 + 0.002) / 10, 1e-12);
  EXPECT_EQ(task.traffic.before_ms.p50_ms, 600);
  EXPECT_EQ(task.traffic.after_ms.p50_ms, 20);
  EXPECT_EQ(task.traffic.after_ms.p95_ms, 610);
}

TEST_F(MeasureTest, AnswersAreComparedByWhatTheySay) {
  truth_ = R"({"intent": "A", "slots": {"x": "1", "y": "2"}})";
  add(CallKind::home, "", R"({"slots":{"y":"2","x":"1"},"intent":"A"})", R"({"intent":"A","slots":{}})",
      true);
  const DemoMeasure measured = measure(replies_);
  EXPECT_EQ(measured.tasks[0].incumbent_right.hits, 1);
  EXPECT_EQ(measured.tasks[0].policy_right.hits, 0);
}

TEST_F(MeasureTest, UnknownCostsStayUnknown) {
  add(CallKind::bank, "", "a", "a", true);
  add(CallKind::bank, "", "a", "a", true);
  replies_[1].after.cost_usd.reset();
  const DemoMeasure measured = measure(replies_);
  EXPECT_TRUE(measured.all.cost_before_usd.has_value());
  EXPECT_FALSE(measured.all.cost_after_usd.has_value());
  EXPECT_NE(measure_text(measured).find("unknown after"), std::string::npos);
}

TEST_F(MeasureTest, WhatIsNoTask) {
  add(CallKind::changed, "label_added", "a", "a", false);
  add(CallKind::changed, "new_tool", "a", "a", true);
  add(CallKind::changed, "new_tool", "a", "a", false);
  add(CallKind::foreign, "in the bank's prompt", "a", "a", true);
  add(CallKind::other, "", "a", "a", false);
  const DemoMeasure measured = measure(replies_);
  EXPECT_TRUE(measured.tasks.empty());
  EXPECT_EQ(measured.changed.at("new_tool"), std::pair(int64_t{2}, int64_t{1}));
  EXPECT_EQ(measured.changed.at("label_added").second, 0);
  EXPECT_EQ(measured.foreign.at("in the bank's prompt").second, 1);
  EXPECT_EQ(measured.all.local, 2);
  EXPECT_NE(measure_text(measured).find("changed contracts (must be 0): 1 of 3"), std::string::npos);
}

TEST(Measure, NothingAtAll) {
  const DemoMeasure measured = measure({});
  EXPECT_EQ(measured.all.calls, 0);
  EXPECT_FALSE(measured.all.cost_before_usd.has_value());
}

}  // namespace
}  // namespace understudy
