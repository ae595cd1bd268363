#include "engine/pace.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Pace, StartsSmallThenTakesWhatFitsAStep) {
  Pace pace(256);
  EXPECT_EQ(pace.rows(), 32);
  pace.took(32, 32 * 2.0);  // 2 ms a row: 30 rows fit 60 ms
  EXPECT_EQ(pace.rows(), 30);
}

TEST(Pace, StaysBetweenItsBounds) {
  Pace fast(256), slow(256), narrow(4);
  fast.took(32, 1);
  EXPECT_EQ(fast.rows(), 256);
  slow.took(32, 32 * 1000.0);
  EXPECT_EQ(slow.rows(), 16);
  narrow.took(32, 32);
  EXPECT_EQ(narrow.rows(), 4);
}

TEST(Pace, FollowsTheMachineAndIgnoresDecodeSteps) {
  Pace pace(256);
  pace.took(64, 64);
  const int before = pace.rows();
  pace.took(1, 500);
  EXPECT_EQ(pace.rows(), before);
  for (int i = 0; i < 20; i++) pace.took(64, 64 * 2);  // a neighbour took three quarters of the machine
  EXPECT_NEAR(pace.rows(), 30, 1);
}

}  // namespace
}  // namespace understudy
