#include "grade/tool_call.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

Grade grade(std::string_view answer, std::string_view truth) {
  auto result = grade_tool_call(answer, truth, {});
  EXPECT_TRUE(result.ok());
  return result.ok() ? *result : Grade{};
}

constexpr std::string_view kTruth = R"({"name":"turn_on","arguments":{"room":"kitchen","level":50}})";

TEST(ToolCallGrader, ReadsEveryFormOfOneCall) {
  for (
      const char* answer : {
          R"({"name":"turn_on","arguments":{"level":50.0,"room":"kitchen"}})",
          R"({"name":"turn_on","arguments":"{\"room\":\"kitchen\", \"level\":50}"})",
          R"({"id":"call_1","type":"function","function":{"name":"turn_on","arguments":"{\"level\":50,\"room\":\"kitchen\"}"}})",
          R"([{"name":"turn_on","arguments":{"room":"kitchen","level":50}}])",
          R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"turn_on","arguments":{"room":"kitchen","level":50}}}]})",
      }) {
    EXPECT_TRUE(grade(answer, kTruth).right) << grade(answer, kTruth).reason;
  }
  EXPECT_TRUE(grade(R"({"name":"ping"})", R"({"name":"ping","arguments":"{}"})").right);
}

TEST(ToolCallGrader, NamesWhatDiffers) {
  EXPECT_EQ(grade(R"({"name":"turn_off","arguments":{"room":"kitchen","level":50}})", kTruth).reason,
            R"(call 1: expected "turn_on", found "turn_off")");
  EXPECT_EQ(grade(R"({"name":"turn_on","arguments":{"room":"hall"}})", kTruth).reason,
            R"(call 1: /room: expected "kitchen", found "hall"; /level is missing)");
  EXPECT_EQ(grade("[]", kTruth).reason, "expected 1 tool calls, found 0");
}

TEST(ToolCallGrader, BrokenCallsAreMalformed) {
  for (const char* answer :
       {"", "turn_on", "3", "[3]", "{}", R"({"name":3})", R"({"name":"a","arguments":"{"})",
        R"({"name":"a","arguments":[]})", R"({"name":"a","arguments":"[]"})", R"({"function":"turn_on"})",
        R"({"tool_calls":{}})"}) {
    EXPECT_FALSE(grade(answer, kTruth).well_formed) << answer;
  }
  EXPECT_FALSE(grade_tool_call(kTruth, "turn_on", {}).ok());
}

}  // namespace
}  // namespace understudy
