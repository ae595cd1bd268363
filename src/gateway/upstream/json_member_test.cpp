#include "gateway/upstream/json_member.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(JsonMember, IsFoundAtTheTopAlone) {
  EXPECT_EQ(string_member(R"({"a":{"model":"no"},"x":"model","model" : "ye\u0073"})", "model"), "yes");
  EXPECT_EQ(string_member(R"({"a":["model","no"]})", "model"), std::nullopt);
  EXPECT_EQ(string_member(R"({"model":7})", "model"), std::nullopt);
  EXPECT_EQ(string_member(R"(["model","x"])", "model"), std::nullopt);
  EXPECT_EQ(string_member(R"({"model":"cut)", "model"), std::nullopt);
  EXPECT_EQ(string_member("", "model"), std::nullopt);
  EXPECT_EQ(string_member(R"({"a\"}":1,"model":"x"})", "model"), "x");
}

TEST(JsonMember, IsReplacedAndNothingElse) {
  EXPECT_EQ(with_string_member(R"({ "b":1.0, "model":"a" ,"c":{"model":"a"}})", "model", "q\"r"),
            R"({ "b":1.0, "model":"q\"r" ,"c":{"model":"a"}})");
  EXPECT_EQ(with_string_member(R"({"model":"a","model":"b"})", "model", "c"), R"({"model":"c","model":"c"})");
  EXPECT_EQ(with_string_member("no json", "model", "c"), "no json");
}

}  // namespace
}  // namespace understudy
