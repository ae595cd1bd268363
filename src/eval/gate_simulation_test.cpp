// The gate against policies whose harm is known (P12), in small; bench/quality/gate_simulation.cpp runs 2,000 of each.
#include <gtest/gtest.h>

#include "eval/testing/simulated_promotion.h"

namespace understudy {
namespace {

TEST(GateSimulation, AcceptsFewAtTheMarginAndManyRungsWouldNot) {
  constexpr int kPromotions = 200;
  int accepted = 0, accepted_by_any = 0;
  PromotionSimulator simulator(
      {.rungs = 3, .dev_rows = 300, .sealed_rows = 700, .gain = 0.005, .loss = 0.025, .delta = 0.02}, 1);
  for (int i = 0; i < kPromotions; i++) {
    const SimulatedPromotion promotion = simulator.run();
    accepted += promotion.verdict == Verdict::pass ? 1 : 0;
    accepted_by_any += promotion.rungs_above_margin > 0 ? 1 : 0;
  }
  // At a true rate of 5 %, 20 or more of 200 have a probability below 0.5 %.
  EXPECT_LT(accepted, 20);
  // One opening for each of three rungs accepts about 14 %: the simulation can tell a gate that leaks.
  EXPECT_GT(accepted_by_any, 20);
}

TEST(GateSimulation, PassesAnEquallyGoodPolicyMostOfTheTime) {
  constexpr int kPromotions = 100;
  int passed = 0, failed = 0;
  PromotionSimulator simulator(
      {.rungs = 1, .dev_rows = 600, .sealed_rows = 900, .gain = 0.02, .loss = 0.02, .delta = 0.02}, 2);
  for (int i = 0; i < kPromotions; i++) {
    const SimulatedPromotion promotion = simulator.run();
    passed += promotion.verdict == Verdict::pass ? 1 : 0;
    failed += promotion.verdict == Verdict::fail ? 1 : 0;
  }
  EXPECT_GT(passed, kPromotions / 2);
  EXPECT_EQ(failed, 0);
}

TEST(GateSimulation, HardlyEverLetsRealHarmReachTheSeal) {
  PromotionSimulator simulator(
      {.rungs = 3, .dev_rows = 300, .sealed_rows = 200, .gain = 0, .loss = 0.03, .delta = 0.02}, 3);
  EXPECT_GT(simulator.run().attempts, 5);
}

}  // namespace
}  // namespace understudy
