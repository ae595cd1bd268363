#include <gtest/gtest.h>

#include "text/tool_calls/formats.h"
#include "text/tool_calls/testing/golden.h"

namespace understudy {
namespace {

namespace json = boost::json;

const std::string kParis = R"({"name": "get_weather", "parameters": {"city": "Paris"}})";
const ToolCall kParisCall{"get_weather", R"({"city": "Paris"})"};
const std::string kNow = R"({"name": "now", "parameters": {}})";
const ToolCall kNowCall{"now", "{}"};

std::vector<GoldenAnswer> golden() {
  return {
      {"one call", kParis, "", {kParisCall}},
      {"empty parameters", kNow, "", {kNowCall}},
      {"two calls", kParis + "; " + kNow, "", {kParisCall, kNowCall}},
      {"two calls on two lines", kParis + "\n" + kNow + "\n", "", {kParisCall, kNowCall}},
      {"three calls", kNow + ";" + kNow + " ;\n" + kNow, "", {kNowCall, kNowCall, kNowCall}},
      {"a list of calls", "[" + kParis + ", " + kNow + "]", "", {kParisCall, kNowCall}},
      {"python_tag", "<|python_tag|>" + kParis, "", {kParisCall}},
      {"python_tag and two calls", "<|python_tag|>" + kParis + "; " + kNow, "", {kParisCall, kNowCall}},
      {"python_tag behind text", "Let me see. <|python_tag|>" + kNow, "Let me see.", {kNowCall}},
      {"a built-in tool", "<|python_tag|>brave_search.call(query=\"x\")",
       "<|python_tag|>brave_search.call(query=\"x\")"},
      {"text before", "Here is the call:\n\n" + kParis, "Here is the call:", {kParisCall}},
      {"text behind", kParis + "\nThat is all.", "\nThat is all.", {kParisCall}},
      {"text before on the same line", "Call " + kParis, "Call " + kParis},
      {"apostrophes", R"({"name": "f", "parameters": {"a": "it's"}})", "", {{"f", R"({"a": "it's"})"}}},
      {"nested quotes",
       R"({"name": "f", "parameters": {"a": "\"'\\\"'\""}})",
       "",
       {{"f", R"({"a": "\"'\\\"'\""})"}}},
      {"unicode",
       R"({"name": "f", "parameters": {"ключ": "naïve 東京 🙂"}})",
       "",
       {{"f", R"({"ключ": "naïve 東京 🙂"})"}}},
      {"escapes",
       R"({"name": "f", "parameters": {"a": "\b\f\n\r\t\/\\\u0000"}})",
       "",
       {{"f", R"({"a": "\b\f\n\r\t\/\\\u0000"})"}}},
      {"nested objects",
       R"({"name": "f", "parameters": {"a": {"name": "now", "parameters": {"x": [{}]}}}})",
       "",
       {{"f", R"({"a": {"name": "now", "parameters": {"x": [{}]}}})"}}},
      {"braces in strings", R"({"name": "f", "parameters": {"a": "}; {"}})", "", {{"f", R"({"a": "}; {"})"}}},
      {"the key of other families", R"({"name": "f", "arguments": {"a": 1}})", "", {{"f", R"({"a": 1})"}}},
      {"both keys", R"({"name": "f", "arguments": {}, "parameters": {}})",
       R"({"name": "f", "arguments": {}, "parameters": {}})"},
      {"the tool's type", R"({"type": "function", "name": "f", "parameters": {}})", "", {{"f", "{}"}}},
      {"another type", R"({"type": "object", "name": "f", "parameters": {}})",
       R"({"type": "object", "name": "f", "parameters": {}})"},
      {"indented",
       "{\n  \"name\": \"f\",\n  \"parameters\": {\n    \"a\": 1\n  }\n}",
       "",
       {{"f", "{\n    \"a\": 1\n  }"}}},
      {"a name that is no tool's", R"({"name": "Bob", "parameters": {"age": 5}})",
       R"({"name": "Bob", "parameters": {"age": 5}})"},
      {"a call, then a name that is no tool's",
       kNow + "; {\"name\": \"Bob\", \"parameters\": {}}",
       "; {\"name\": \"Bob\", \"parameters\": {}}",
       {kNowCall}},
      {"other JSON", R"([{"a": 1}, {"name": "f"}])", R"([{"a": 1}, {"name": "f"}])"},
      {"a link", "[now](https://a.b)\n[]", "[now](https://a.b)\n[]"},
      {"not JSON", "{name: f, parameters: {}}", "{name: f, parameters: {}}"},
      {"a brace too few", R"({"name": "f", "parameters": {"a": 1})",
       R"({"name": "f", "parameters": {"a": 1})"},
      {"a brace too many", kNow + "}", "}", {kNowCall}},
      {"two separators", kNow + ";;" + kNow, ";;" + kNow, {kNowCall}},
      {"truncated in the name", R"({"name": "get_we)", R"({"name": "get_we)", {}, true, false},
      {"truncated behind the name", R"({"name": "f", "par)", R"({"name": "f", "par)", {}, true, true},
      {"truncated in the second call", kNow + "; {\"na", "; {\"na", {kNowCall}, true, true},
      {"truncated behind python_tag", "<|python_tag|>", "<|python_tag|>", {}, true, true},
      {"truncated between calls", kNow + ";", "", {kNowCall}, true, false},
      {"only text", "The weather is fine; {mostly}.", "The weather is fine; {mostly}."},
  };
}

TEST(Llama3Calls, GoldenAnswers) { expect_golden(llama3_format(), golden()); }

TEST(Llama3Calls, SpellingIsTheTemplates) {
  EXPECT_EQ(spelled(llama3_format(), {kParisCall, kNowCall}), kParis + "; " + kNow);
}

TEST(Llama3Calls, TemplatesThatTeachIt) {
  EXPECT_EQ(
      tool_call_format_of(R"('Respond in the format {"name": function name, "parameters": dictionary of…')")
          .name,
      "llama3");
}

json::array messages_of(const char* text) { return json::parse(text).as_array(); }

TEST(Llama3Calls, EachCallOfTheHistoryGetsAMessageWithItsResult) {
  const json::array messages = messages_of(R"([{"role": "user", "content": "q"},
    {"role": "assistant", "content": "Wait.", "tool_calls": [
      {"id": "a", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}},
      {"id": "b", "type": "function", "function": {"name": "now", "arguments": {}}},
      {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"x": 2}}}]},
    {"role": "tool", "content": "of b", "tool_call_id": "b"},
    {"role": "tool", "content": "of nobody", "tool_call_id": "z"},
    {"role": "tool", "content": "of a", "tool_call_id": "a"},
    {"role": "user", "content": "and?"}])");
  auto prompt = llama3_format().prepare(messages, {});
  ASSERT_TRUE(prompt.ok());
  EXPECT_TRUE(prompt->tools.is_null());
  EXPECT_EQ(prompt->messages, messages_of(R"([{"role": "user", "content": "q"},
    {"role": "assistant", "content": "Wait.", "tool_calls": [
      {"id": "a", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]},
    {"role": "tool", "content": "of a", "tool_call_id": "a"},
    {"role": "assistant", "content": "", "tool_calls": [
      {"id": "b", "type": "function", "function": {"name": "now", "arguments": {}}}]},
    {"role": "tool", "content": "of b", "tool_call_id": "b"},
    {"role": "assistant", "content": "", "tool_calls": [
      {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"x": 2}}}]},
    {"role": "tool", "content": "of nobody", "tool_call_id": "z"},
    {"role": "user", "content": "and?"}])"));
}

TEST(Llama3Calls, OneCallAndToolsAreLeftAsTheyAre) {
  const json::array messages = messages_of(R"([{"role": "user", "content": "q"}, {"role": "assistant",
    "content": "", "tool_calls": [{"function": {"name": "now", "arguments": {}}}]}, {"role": "tool", "content": "1"}])");
  const json::array tools = messages_of(R"([{"type": "function", "function": {"name": "now"}}])");
  auto prompt = llama3_format().prepare(messages, tools);
  ASSERT_TRUE(prompt.ok());
  EXPECT_EQ(prompt->messages, messages);
  EXPECT_EQ(prompt->tools, json::value(tools));
}

}  // namespace
}  // namespace understudy
