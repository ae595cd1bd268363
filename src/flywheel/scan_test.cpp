#include "flywheel/scan.h"

#include <gtest/gtest.h>

#include <functional>

#include "flywheel/testing/calls.h"

namespace understudy {
namespace {

struct Scanned {
  std::vector<Call> calls;
  std::vector<ReadCall> read;
  ScanFigures figures;
};

Scanned scan_calls(const std::function<void(Call&)>& change) {
  Scanned scanned;
  for (size_t i = 0; i < 100; ++i) {
    scanned.calls.push_back(
        chat_call({{"system", "Is the message a complaint about our service? Say yes or no."},
                   {"user", "Message: " + sentence(i % 80)}},
                  i % 2 == 0 ? "yes" : "no"));
  }
  for (size_t i = 0; i < 25; ++i) {
    scanned.calls.push_back(
        chat_call({{"user", "Hi"}, {"assistant", "Hi"}, {"user", sentence(i)}}, "Well.\nSo what?"));
  }
  for (Call& call : scanned.calls) {
    change(call);
    scanned.read.push_back(read_call(call));
  }
  scanned.figures = scan_figures(mine(scanned.calls, scanned.read), scanned.calls, scanned.read, {});
  return scanned;
}

TEST(Scan, SharesAreOfCostIfAllIsKnown) {
  const ScanFigures figures = scan_calls([](Call& call) { call.cost_usd = 0.01; }).figures;
  EXPECT_EQ(figures.basis, SpendBasis::cost);
  EXPECT_NEAR(*figures.cost_usd, 1.25, 1e-9);
  ASSERT_EQ(figures.tasks.size(), 1U);
  const TaskFigures& task = figures.tasks[0];
  EXPECT_NEAR(task.spend_share, 0.8, 1e-9);
  EXPECT_NEAR(figures.movable_share, 0.8, 1e-9);
  EXPECT_EQ(task.calls, 100U);
  EXPECT_EQ(task.distinct_prompts, 80U);
  EXPECT_NEAR(task.duplicate_share, 0.2, 1e-9);
  EXPECT_EQ(task.rows_missing, 775U + 200U - 80U);
  // 20 minutes at 5 cents an hour against 0.95 cents a call.
  EXPECT_EQ(task.break_even_calls, 2);
  ASSERT_EQ(figures.stays.size(), 1U);
  EXPECT_EQ(figures.stays[0].reason, Stays::multi_turn);
  EXPECT_NEAR(figures.stays[0].spend_share, 0.2, 1e-9);
}

TEST(Scan, UnknownIsNotZero) {
  const ScanFigures tokens =
      scan_calls([](Call& call) { call.prompt_tokens = call.completion_tokens = 5; }).figures;
  EXPECT_EQ(tokens.basis, SpendBasis::tokens);
  EXPECT_FALSE(tokens.cost_usd);
  EXPECT_FALSE(tokens.tasks[0].cost_usd);
  EXPECT_FALSE(tokens.tasks[0].break_even_calls);
  size_t number = 0;
  const ScanFigures some = scan_calls([&](Call& call) {
                             if (number++ > 0) call.cost_usd = 0.01;
                           }).figures;
  EXPECT_EQ(some.basis, SpendBasis::calls);
  EXPECT_FALSE(some.cost_usd);
  EXPECT_FALSE(some.tasks[0].cost_usd);
}

TEST(Scan, OfNothingIsNothing) {
  const ScanFigures figures = scan_figures({}, {}, {}, {});
  EXPECT_EQ(figures.calls, 0U);
  EXPECT_EQ(figures.movable_share, 0);
  EXPECT_TRUE(figures.tasks.empty() && figures.stays.empty());
}

}  // namespace
}  // namespace understudy
