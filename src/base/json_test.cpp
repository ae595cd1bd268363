#include "base/json.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <charconv>
#include <ostream>
#include <random>
#include <string>

namespace understudy {
namespace {

TEST(Json, ParsesEveryKindOfValue) {
  auto value = parse_json(
      R"( {"a": [1, -2, 0.5, true, false, null], "b": {"c": "\u00e4\ud83d\ude00\n"}, "": 18446744073709551615} )");
  ASSERT_TRUE(value.ok()) << value.error().message();
  EXPECT_EQ(value->at("a").at(1).as_int64(), -2);
  EXPECT_EQ(value->at("a").at(2).as_double(), 0.5);
  EXPECT_TRUE(value->at("a").at(5).is_null());
  EXPECT_EQ(value->at("b").at("c").as_string(), "\xc3\xa4\xf0\x9f\x98\x80\n");
  EXPECT_EQ(value->at("").as_uint64(), UINT64_MAX);
}

TEST(Json, SameKeyInDifferentObjectsIsFine) {
  EXPECT_TRUE(parse_json(R"({"a": {"a": 1}, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]})").ok());
}

struct Refused {
  std::string text, what, where;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.text; }

class RefusedJson : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedJson, NamesTheProblemAndItsPlace) {
  auto value = parse_json(GetParam().text);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(value.error().what.find(GetParam().what), std::string::npos) << value.error().message();
  EXPECT_EQ(value.error().where, GetParam().where) << value.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedJson,
    ::testing::Values(
        Refused{R"({"a":1,"b":2,"a":3})", R"(duplicate key "a")", "byte 15"},
        Refused{R"({"a":1,"\u0061":2})", R"(duplicate key "a")", "byte 14"},
        Refused{R"({"x":{"a\"":1,"a\"":2}})", R"(duplicate key "a\"")", "byte 18"},
        Refused{R"({"":1,"":2})", R"(duplicate key "")", "byte 7"},
        Refused{"\"\xff\"", "syntax error", "byte 1"},              // never a UTF-8 byte
        Refused{"\"\xc0\x80\"", "syntax error", "byte 1"},          // overlong NUL
        Refused{"\"\xed\xa0\x80\"", "syntax error", "byte 1"},      // surrogate
        Refused{"\"\xf4\x90\x80\x80\"", "syntax error", "byte 1"},  // above U+10FFFF
        Refused{"{\"\xff\":1}", "syntax error", "byte 2"},
        Refused{R"("\ud800")", "syntax error", "byte 7"},     // half a surrogate pair
        Refused{"\xef\xbb\xbf{}", "syntax error", "byte 0"},  // byte order mark
        Refused{"\"a\nb\"", "syntax error", "byte 2"},
        Refused{std::string("\"\0\"", 3), "syntax error", "byte 1"}, Refused{R"("\x")", "", "byte 2"},
        Refused{"{} {}", "extra data", "byte 3"}, Refused{std::string("1\0", 2), "extra data", "byte 1"},
        Refused{"NaN", "syntax error", "byte 0"}, Refused{"Infinity", "syntax error", "byte 0"},
        Refused{"-Infinity", "syntax error", "byte 1"}, Refused{"1e400", "range of a double", "byte 5"},
        Refused{"[-1e400]", "range of a double", "byte 7"}, Refused{"1e99999999999", "exponent", "byte 11"},
        Refused{"01", "extra data", "byte 1"}, Refused{"1.", "", "byte 2"},
        Refused{".5", "syntax error", "byte 0"}, Refused{"+1", "syntax error", "byte 0"},
        Refused{"0x10", "extra data", "byte 1"}, Refused{"[1,]", "syntax error", "byte 3"},
        Refused{R"({"a":1,})", "syntax error", "byte 7"}, Refused{"{a:1}", "syntax error", "byte 1"},
        Refused{"{'a':1}", "syntax error", "byte 1"}, Refused{"// no\n1", "syntax error", "byte 0"},
        Refused{"", "incomplete", "byte 0"}, Refused{"  ", "incomplete", "byte 2"},
        Refused{"nul", "incomplete", "byte 3"}, Refused{R"({"a":)", "incomplete", "byte 5"},
        Refused{"[1}", "syntax error", "byte 2"}));

TEST(Json, LongKeysAreCutBetweenCharacters) {
  std::string key = "k";
  for (int i = 0; i < 1000; ++i) key += "\xc3\xa4";
  auto value = parse_json("{\"" + key + "\":1,\"" + key + "\":2}");
  ASSERT_FALSE(value.ok());
  EXPECT_LT(value.error().what.size(), 150u);
  std::string shown = value.error().what.substr(value.error().what.find('"'));
  shown.resize(shown.rfind('"') + 1);
  EXPECT_TRUE(parse_json(shown).ok()) << "the message is not UTF-8: " << shown;
}

TEST(Json, DepthIsLimited) {
  auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(64)).ok());
  auto deep = parse_json(nested(65));
  ASSERT_FALSE(deep.ok());
  EXPECT_EQ(deep.error().message(), "invalid JSON: nested deeper than 64 levels (byte 64)");
  EXPECT_FALSE(parse_json(nested(1'000'000)).ok());
  EXPECT_FALSE(parse_json("[[1]]", {.max_depth = 1}).ok());
  EXPECT_TRUE(parse_json("[1]", {.max_depth = 1}).ok());
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_FALSE(parse_json(objects).ok());
}

TEST(Json, DoublesAreRoundedCorrectly) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    double number = std::uniform_real_distribution<>(-1, 1)(random);
    char digits[32];
    auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    auto value = parse_json(std::string_view(digits, end - digits));
    ASSERT_TRUE(value.ok());
    ASSERT_EQ(value->as_double(), number) << std::string_view(digits, end - digits);
  }
}

TEST(Json, EveryTruncationIsAnError) {
  const std::string text =
      R"({"model":"m","messages":[{"role":"user","content":"\u00e4 x"}],"n":1.5e3,"stream":true})";
  ASSERT_TRUE(parse_json(text).ok());
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_json(std::string_view(text).substr(0, length)).ok()) << length;
  }
}

}  // namespace
}  // namespace understudy
