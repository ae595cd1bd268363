#include "train/step_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "train/sft_rows.h"

namespace understudy {
namespace {

SftRow row(size_t prompt, size_t answer) {
  return {std::vector<TokenId>(prompt, 1), std::vector<TokenId>(answer, 2)};
}

TEST(StepPlan, FillsStepsByTokens) {
  const std::vector<SftRow> rows = {row(10, 1), row(19, 2), row(70, 1), row(5, 6), row(29, 1)};
  const std::vector<uint32_t> order = {0, 1, 2, 3, 4};
  const auto steps = plan_pass(rows, order, 3, 30);  // of 10, 20, 70, 10, 29 tokens
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[0].rows, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(steps[1].rows, (std::vector<uint32_t>{2}));
  EXPECT_EQ(steps[2].rows, (std::vector<uint32_t>{3}));
  EXPECT_EQ(steps[3].rows, (std::vector<uint32_t>{4}));
  EXPECT_EQ(steps[3].epoch, 3);
}

TEST(StepPlan, EveryEpochHasAllRowsInItsOwnOrder) {
  const std::vector<SftRow> rows(40, row(5, 1));
  const auto steps = plan_epochs(rows, 3, 20, 7);
  ASSERT_EQ(steps.size(), 30u);
  std::vector<std::vector<uint32_t>> orders(3);
  for (const PlannedStep& step : steps)
    orders[static_cast<size_t>(step.epoch)].insert(orders[static_cast<size_t>(step.epoch)].end(),
                                                   step.rows.begin(), step.rows.end());
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
  for (auto order : orders) {
    std::sort(order.begin(), order.end());
    for (uint32_t i = 0; i < 40; i++) EXPECT_EQ(order[i], i);
  }
  const auto other = plan_epochs(rows, 3, 20, 8);
  EXPECT_NE(other[0].rows, steps[0].rows);
}

TEST(SequenceBatch, TargetsAreTheAnswersTokens) {
  const std::vector<SftRow> rows = {{{1, 2, 3}, {4, 5}}, {{6}, {7}}, {{8, 9}, {10, 11, 12}}};
  const uint32_t chosen[] = {2, 1};
  SequenceBatch batch;
  batch.fill(rows, chosen);
  ASSERT_EQ(batch.sequences().size(), 2u);
  const auto same = [](std::span<const int32_t> found, std::vector<int32_t> expected) {
    return std::equal(found.begin(), found.end(), expected.begin(), expected.end());
  };
  EXPECT_TRUE(same(batch.sequences()[0].tokens, {8, 9, 10, 11}));
  EXPECT_TRUE(same(batch.sequences()[0].targets, {-1, 10, 11, 12}));
  EXPECT_TRUE(same(batch.sequences()[1].tokens, {6}));
  EXPECT_TRUE(same(batch.sequences()[1].targets, {7}));
  EXPECT_EQ(batch.tokens(), 5);
  EXPECT_EQ(batch.answer_tokens(), 4);
}

}  // namespace
}  // namespace understudy
