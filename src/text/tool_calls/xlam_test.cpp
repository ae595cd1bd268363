#include <gtest/gtest.h>

#include "text/tool_calls/formats.h"
#include "text/tool_calls/testing/golden.h"

namespace understudy {
namespace {

const std::string kParis = R"({"name": "get_weather", "arguments": {"city": "Paris"}})";
const ToolCall kParisCall{"get_weather", R"({"city": "Paris"})"};
const std::string kNow = R"({"name": "now", "arguments": {}})";
const ToolCall kNowCall{"now", "{}"};

std::string list(const std::string& calls) { return "[" + calls + "]"; }

std::vector<GoldenAnswer> golden() {
  return {
      {"one call", list(kParis), "", {kParisCall}},
      {"empty arguments", list(kNow), "", {kNowCall}},
      {"two calls", list(kParis + ", " + kNow), "", {kParisCall, kNowCall}},
      {"three calls on lines of their own",
       "[\n  " + kNow + ",\n  " + kNow + ",\n  " + kNow + "\n]\n",
       "",
       {kNowCall, kNowCall, kNowCall}},
      {"no list", kParis, "", {kParisCall}},
      {"text before", "I will look it up.\n" + list(kParis), "I will look it up.", {kParisCall}},
      {"text behind", list(kParis) + " Done.", " Done.", {kParisCall}},
      {"text before on the same line", "Calls: " + list(kParis), "Calls: " + list(kParis)},
      {"two lists", list(kParis) + "\n" + list(kNow), "", {kParisCall, kNowCall}},
      {"in a code block", "```json\n" + list(kNow) + "\n```", "```json\n```", {kNowCall}},
      {"apostrophes",
       list(R"({"name": "f", "arguments": {"a": "'tis Ann's"}})"),
       "",
       {{"f", R"({"a": "'tis Ann's"})"}}},
      {"nested quotes",
       list(R"({"name": "f", "arguments": {"a": "\"[\\\"]\""}})"),
       "",
       {{"f", R"({"a": "\"[\\\"]\""})"}}},
      {"unicode",
       list(R"({"name": "f", "arguments": {"a": "été 北京 👩‍🔬"}})"),
       "",
       {{"f", R"({"a": "été 北京 👩‍🔬"})"}}},
      {"escapes",
       list(R"({"name": "f", "arguments": {"a": "\\n\n\u00E9"}})"),
       "",
       {{"f", R"({"a": "\\n\n\u00E9"})"}}},
      {"nested objects",
       list(R"({"name": "f", "arguments": {"a": [[{"b": {}}], {}]}})"),
       "",
       {{"f", R"({"a": [[{"b": {}}], {}]})"}}},
      {"brackets in strings",
       list(R"({"name": "f", "arguments": {"a": "}, {\"name\"]"}})"),
       "",
       {{"f", R"({"a": "}, {\"name\"]"})"}}},
      {"no list at all", "[]", "[]"},
      {"a list of something else", R"([{"title": "now"}])", R"([{"title": "now"}])"},
      {"names that are no tool's", list(R"({"name": "Bob", "arguments": {}})"),
       list(R"({"name": "Bob", "arguments": {}})")},
      {"numbers", "[1, 2]", "[1, 2]"},
      {"a link", "[a](b)", "[a](b)"},
      {"not JSON", "[get_weather(city='Paris')]", "[get_weather(city='Paris')]"},
      {"single quotes", "[{'name': 'now', 'arguments': {}}]", "[{'name': 'now', 'arguments': {}}]"},
      {"duplicate keys", list(R"({"name": "f", "arguments": {"a": 1, "a": 1}})"),
       list(R"({"name": "f", "arguments": {"a": 1, "a": 1}})")},
      {"a number that is none", list(R"({"name": "f", "arguments": {"a": 01}})"),
       list(R"({"name": "f", "arguments": {"a": 01}})")},
      {"a number beyond doubles", list(R"({"name": "f", "arguments": {"a": 1e999}})"),
       list(R"({"name": "f", "arguments": {"a": 1e999}})")},
      {"a call, then none", "[" + kNow + ", 7]", ", 7]", {kNowCall}},
      {"no comma", "[" + kNow + " " + kNow + "]", " " + kNow + "]", {kNowCall}},
      {"a comma too many", "[" + kNow + ",]", ",]", {kNowCall}},
      {"a list in a list", "[[" + kNow + "]]", "[[" + kNow + "]]"},
      {"ended without the bracket", "[" + kParis, "", {kParisCall}},
      {"truncated before the first", "[", "[", {}, true, false},
      {"truncated in the name", "[{\"name\": \"no", "[{\"name\": \"no", {}, true, false},
      {"truncated in the arguments",
       "[{\"name\": \"f\", \"arguments\": {\"a\": \"",
       "[{\"name\": \"f\", \"arguments\": {\"a\": \"",
       {},
       true,
       true},
      {"truncated in the second call", "[" + kNow + ", {\"name", ", {\"name", {kNowCall}, true, true},
      {"truncated between calls", "[" + kNow + ", ", "", {kNowCall}, true, false},
      {"tags of other families",
       "<tool_call>\n" + kNow + "\n</tool_call>",
       "<tool_call>\n</tool_call>",
       {kNowCall}},
      {"only text", "Which city?", "Which city?"},
  };
}

TEST(XlamCalls, GoldenAnswers) { expect_golden(xlam_format(), golden()); }

TEST(XlamCalls, SpellingIsTheTemplates) {
  EXPECT_EQ(spelled(xlam_format(), {kParisCall, kNowCall}), list(kParis + ", " + kNow));
}

TEST(XlamCalls, WithoutNamesEveryNameIsATools) {
  auto parser = xlam_format().make_parser({});
  ToolAnswer answer;
  answer.add(events_of(*parser, {R"([{"name": "Bob", "arguments": {}}])"}, false));
  EXPECT_EQ(answer.calls, (std::vector<ToolCall>{{"Bob", "{}"}}));
}

TEST(XlamCalls, TemplatesThatTeachIt) {
  EXPECT_EQ(tool_call_format_of("When using tools, make calls in a single JSON array: …").name, "xlam");
}

}  // namespace
}  // namespace understudy
