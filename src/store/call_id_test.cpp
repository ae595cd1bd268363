#include "store/call_id.h"

#include <gtest/gtest.h>

#include <set>

namespace understudy {
namespace {

TEST(CallId, CarriesItsTimeAndSortsByIt) {
  std::string before;
  for (const int64_t time : {int64_t{0}, int64_t{1}, int64_t{1'750'000'000'000}, int64_t{1'750'000'000'001},
                             (int64_t{1} << 48) - 1}) {
    const std::string id = new_call_id(time);
    EXPECT_EQ(id.size(), 31u);
    EXPECT_EQ(time_of_call_id(id), time) << id;
    EXPECT_LT(before, id);
    EXPECT_LE(first_call_id_of(time), id);
    before = id;
  }
}

// The example of RFC 9562, A.6: time 017F22E279B0, UUID 017F22E2-79B0-7CC3-98C4-DC0C0C07398F.
TEST(CallId, ReadsTheUuidOfTheStandard) {
  EXPECT_EQ(time_of_call_id("call_01fwhe4ydgfk1shh6w1g60eecf"), 0x017F22E279B0);
}

TEST(CallId, ATimeOutsideIsBroughtInside) {
  EXPECT_EQ(time_of_call_id(new_call_id(-1)), 0);
  EXPECT_EQ(time_of_call_id(new_call_id(INT64_MAX)), (int64_t{1} << 48) - 1);
}

TEST(CallId, IsNewEachTime) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(new_call_id(7));
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(CallId, OtherTextsHaveNoTime) {
  const std::string id = new_call_id(1'750'000'000'000);
  for (const std::string& text : {std::string(), std::string("call_"), id.substr(0, 30), id + "0",
                                  "cell" + id.substr(4), "call_8" + id.substr(6), id.substr(0, 30) + "u",
                                  id.substr(0, 30) + "A", std::string("call_00000000000000000000000000")}) {
    EXPECT_EQ(time_of_call_id(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace understudy
