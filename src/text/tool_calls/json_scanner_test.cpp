#include "text/tool_calls/json_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/json.h"

namespace understudy {
namespace {

using Step = JsonScanner::Step;

// Bytes that the scanner takes, and what it says to the last one.
std::pair<size_t, Step> scan(std::string_view text) {
  JsonScanner scanner;
  for (size_t i = 0; i < text.size(); ++i) {
    const Step step = scanner.push(text[i]);
    if (step != Step::more) return {i + 1, step};
  }
  return {text.size(), Step::more};
}

TEST(JsonScanner, EndsWithTheLastByte) {
  for (const char* text :
       {"{}", "[]", "[ ]", "{ \"a\" : 1 }", R"({"a":{"b":[1,-2,3.5e-7,0,0.0E+1]},"c":[[],{}]})",
        R"(["\"\\\/\b\f\n\r\t\u00e9", true, false, null, "}]"])", "[-0]", "[1]", "[1 ]", "[[1],[2]]"}) {
    EXPECT_EQ(scan(text), std::pair(std::string_view(text).size(), Step::end)) << text;
    for (size_t n = 0; n < std::string_view(text).size(); ++n) {
      EXPECT_EQ(scan(std::string_view(text).substr(0, n)).second, Step::more) << text;
    }
  }
}

TEST(JsonScanner, SaysWhichByteIsBad) {
  struct {
    const char* text;
    size_t bytes;
  } cases[] = {
      {"1", 1},          {"\"a\"", 1},     {" {}", 1},       {"{a", 2},       {"{'", 2},
      {"{,", 2},         {"{]", 2},        {"[}", 2},        {"[,", 2},       {"[1,]", 4},
      {"{\"a\":1,}", 8}, {"{\"a\" 1", 6},  {"{\"a\":}", 6},  {"{\"a\":,", 6}, {"[1 2", 4},
      {"[01", 3},        {"[-]", 3},       {"[-a", 3},       {"[1.]", 4},     {"[1.e", 4},
      {"[.5", 2},        {"[+1", 2},       {"[1e]", 4},      {"[1e+]", 5},    {"[1.2.3", 5},
      {"[1e2e", 5},      {"[1e2.", 5},     {"[1-", 3},       {"[tru]", 5},    {"[nul,", 5},
      {"[trueX", 6},     {"[\"\\x", 4},    {"[\"\\u12g", 7}, {"[\"a\nb", 4},  {"[\"a\" \"", 6},
      {"[{}{", 4},       {"{\"a\":1]", 7}, {"[NaN", 2},      {"[/", 2},       {"[Infinity", 2},
  };
  for (const auto& entry : cases) {
    EXPECT_EQ(scan(entry.text), std::pair(entry.bytes, Step::bad)) << entry.text;
  }
  EXPECT_EQ(scan(std::string(65, '[')), std::pair(size_t{65}, Step::bad));
  EXPECT_EQ(scan(std::string(64, '[') + std::string(64, ']')), std::pair(size_t{128}, Step::end));
}

TEST(JsonScanner, MarksKeysAndValues) {
  JsonScanner scanner;
  std::string marks;
  for (const char byte : std::string_view(R"({"a": {"b": 1}, "c": "d", "e": [{}]})")) {
    scanner.push(byte);
    constexpr std::string_view kNames = ".kKvV";
    const char name = kNames[static_cast<size_t>(scanner.mark())];
    if (name != '.') marks += std::string(1, name) + std::to_string(scanner.depth());
  }
  EXPECT_EQ(marks,
            "v0"
            "k1K1v1"
            "k2K2v2"
            "V1"
            "k1K1v1V1"
            "k1K1v1v2V2V1"
            "V0");
}

// Random texts of JSON's bytes: what parse_json takes the scanner takes, and what it alone takes are faults
// that only the whole shows.
TEST(JsonScanner, AgreesWithParseJson) {
  std::mt19937 random(7);
  constexpr std::string_view kPieces[] = {"{",      "}",  "[", "]",  ",",  ":",      "\"",   "\"a\"",
                                          "\"b\":", "1",  "0", "-",  ".5", "e1",     "true", "null",
                                          " ",      "\\", "n", "[]", "{}", "\"a\":1"};
  size_t valid = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text = round % 2 ? "{" : "[";
    const size_t pieces = random() % 8;
    for (size_t i = 0; i < pieces; ++i) text += kPieces[random() % std::size(kPieces)];
    text += round % 2 ? "}" : "]";
    const auto [bytes, step] = scan(text);
    const auto parsed = parse_json(text);
    const bool whole = step == Step::end && bytes == text.size();
    const bool duplicate = !parsed.ok() && parsed.error().what.find("duplicate") != std::string::npos;
    EXPECT_EQ(whole, parsed.ok() || (whole && duplicate)) << text;
    valid += parsed.ok();
  }
  EXPECT_GT(valid, 1000u);
}

}  // namespace
}  // namespace understudy
