#include "store/credentials.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Credentials, AreTakenOutOfTheRequestsObject) {
  EXPECT_EQ(without_credentials(R"({"api_key": "k", "model": "m"})"), R"({"model":"m"})");
  EXPECT_EQ(without_credentials(R"({"model":"m","X-API-Key":"k","Headers":{"a":"b"}})"), R"({"model":"m"})");
  EXPECT_EQ(without_credentials(R"({"\u0061pi_key":"k","n":1})"), R"({"n":1})");
}

TEST(Credentials, OtherTextStaysByteForByte) {
  for (const char* text : {R"({ "model" : "m", "temperature": 1.0 })", "", "[1]", "plain text",
                           R"({"messages":[{"role":"user","content":"my api_key is lost"}]})",
                           R"({"tools":[{"function":{"parameters":{"properties":{"api_key":{}}}}}]})"}) {
    EXPECT_EQ(without_credentials(text), text);
  }
}

TEST(Credentials, ATextThatCannotBeReadButNamesThemIsDropped) {
  EXPECT_EQ(without_credentials(R"({"api_key":"k","a":1,"a":2})"), "");
  EXPECT_EQ(without_credentials("Authorization: Bearer k"), "");
}

}  // namespace
}  // namespace understudy
