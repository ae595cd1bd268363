#include "app/demo/demo_state.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

namespace understudy {
namespace {

class DemoStateTest : public ::testing::Test {
 protected:
  DemoStateTest()
      : folder_(::testing::TempDir() + "demo_state_" +
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
  }
  std::string folder_;
  DemoOptions options_;
};

TEST_F(DemoStateTest, StagesAreKept) {
  {
    auto state = DemoState::open(folder_, options_);
    ASSERT_TRUE(state.ok()) << state.error().message();
    EXPECT_EQ(state->done("history"), nullptr);
    EXPECT_TRUE(state->finish("history", {{"calls", 7}}).ok());
    EXPECT_TRUE(state->set_times(12.5, 20).ok());
  }
  auto again = DemoState::open(folder_, options_);
  ASSERT_TRUE(again.ok());
  ASSERT_NE(again->done("history"), nullptr);
  EXPECT_EQ(again->done("history")->at("calls").as_int64(), 7);
  EXPECT_EQ(again->done("live"), nullptr);
  EXPECT_EQ(again->seconds(), 12.5);
  EXPECT_EQ(again->cpu_seconds(), 20);
}

TEST_F(DemoStateTest, OtherOptionsNeedAFreshStart) {
  {
    auto state = DemoState::open(folder_, options_);
    ASSERT_TRUE(state.ok());
    EXPECT_TRUE(state->finish("history", {}).ok());
  }
  options_.seed = 2;
  const auto refused = DemoState::open(folder_, options_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  options_.fresh = true;
  const auto fresh = DemoState::open(folder_, options_);
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh->done("history"), nullptr);
}

TEST_F(DemoStateTest, LeavesFoldersOfOthersAlone) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/mine.txt") << "precious";
  for (const bool fresh : {false, true}) {
    options_.fresh = fresh;
    EXPECT_EQ(DemoState::open(folder_, options_).error().code, ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/mine.txt"));
}

TEST_F(DemoStateTest, DamagedStateIsNamed) {
  ASSERT_TRUE(DemoState::open(folder_, options_).ok());
  std::ofstream(folder_ + "/demo.json") << "{";
  const auto damaged = DemoState::open(folder_, options_);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace understudy
