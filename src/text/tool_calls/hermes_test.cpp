#include <gtest/gtest.h>

#include "text/tool_calls/formats.h"
#include "text/tool_calls/testing/golden.h"

namespace understudy {
namespace {

std::string call(std::string_view object) { return "<tool_call>\n" + std::string(object) + "\n</tool_call>"; }

const std::string kParis = R"({"name": "get_weather", "arguments": {"city": "Paris"}})";
const ToolCall kParisCall{"get_weather", R"({"city": "Paris"})"};

std::vector<GoldenAnswer> golden() {
  return {
      {"one call", call(kParis), "", {kParisCall}},
      {"empty arguments", call(R"({"name": "now", "arguments": {}})"), "", {{"now", "{}"}}},
      {"two calls",
       call(kParis) + "\n" + call(R"({"name": "now", "arguments": {}})"),
       "",
       {kParisCall, {"now", "{}"}}},
      {"text before", "Let me look.\n" + call(kParis), "Let me look.", {kParisCall}},
      {"text before, between and behind",
       "A\n" + call(kParis) + "\nB\n" + call(kParis) + " C",
       "A\nB C",
       {kParisCall, kParisCall}},
      {"apostrophes",
       call(R"({"name": "f", "arguments": {"a": "it's the dog's"}})"),
       "",
       {{"f", R"({"a": "it's the dog's"})"}}},
      {"nested quotes",
       call(R"({"name": "f", "arguments": {"a": "she said \"say 'hi'\""}})"),
       "",
       {{"f", R"({"a": "she said \"say 'hi'\""})"}}},
      {"unicode",
       call(R"({"name": "f", "arguments": {"a": "Zürich 東京 🙂"}})"),
       "",
       {{"f", R"({"a": "Zürich 東京 🙂"})"}}},
      {"escapes",
       call(R"({"name": "f", "arguments": {"a": "\n\t\\\/\u00e9\ud83d\ude42"}})"),
       "",
       {{"f", R"({"a": "\n\t\\\/\u00e9\ud83d\ude42"})"}}},
      {"nested objects",
       call(R"({"name": "f", "arguments": {"a": {"b": [{"c": {}}, []]}}})"),
       "",
       {{"f", R"({"a": {"b": [{"c": {}}, []]}})"}}},
      {"braces in strings",
       call(R"({"name": "f", "arguments": {"a": "}}{ ]["}})"),
       "",
       {{"f", R"({"a": "}}{ ]["})"}}},
      {"tags in strings",
       call(R"({"name": "f", "arguments": {"a": "</tool_call><tool_call>"}})"),
       "",
       {{"f", R"({"a": "</tool_call><tool_call>"})"}}},
      {"numbers",
       call(R"({"name": "f", "arguments": {"a": -0.5e+10, "b": 12, "c": [0, 1.25]}})"),
       "",
       {{"f", R"({"a": -0.5e+10, "b": 12, "c": [0, 1.25]})"}}},
      {"literals",
       call(R"({"name": "f", "arguments": {"a": true, "b": false, "c": null}})"),
       "",
       {{"f", R"({"a": true, "b": false, "c": null})"}}},
      {"all on one line", "<tool_call>" + kParis + "</tool_call>", "", {kParisCall}},
      {"white space as it pleases",
       "<tool_call> \n\t{ \"name\" :\n\"f\" , \"arguments\" : { \"a\" : 1 } } \r\n</tool_call>\n\n",
       "",
       {{"f", "{ \"a\" : 1 }"}}},
      {"arguments first", call(R"({"arguments": {"a": 1}, "name": "f"})"), "", {{"f", R"({"a": 1})"}}},
      {"parameters", call(R"({"name": "f", "parameters": {"a": 1}})"), "", {{"f", R"({"a": 1})"}}},
      {"the tool's type", call(R"({"type": "function", "name": "f", "arguments": {}})"), "", {{"f", "{}"}}},
      {"an escaped name", call(R"({"name": "\u0066", "arguments": {}})"), "", {{"f", "{}"}}},
      {"a tool that is not there", call(R"({"name": "launch", "arguments": {}})"), "", {{"launch", "{}"}}},
      {"no closing tag", "<tool_call>\n" + kParis, "", {kParisCall}},
      {"a part of the closing tag", "<tool_call>\n" + kParis + "\n</tool_", "", {kParisCall}},
      {"no closing tag, another call",
       "<tool_call>\n" + kParis + "\n" + call(kParis),
       "",
       {kParisCall, kParisCall}},
      {"two in one tag", call(kParis + "\n" + kParis), "", {kParisCall, kParisCall}},
      {"a list in the tag", call("[" + kParis + ",\n " + kParis + "]"), "", {kParisCall, kParisCall}},
      {"the tag left out", kParis, "", {kParisCall}},
      {"the tag left out, after text", "Sure:\n\n" + kParis + "\n", "Sure:", {kParisCall}},
      {"JSON without the tag that is no tool's", R"({"name": "Bob", "arguments": {}})",
       R"({"name": "Bob", "arguments": {}})"},
      {"JSON without the tag inside a line", "like " + kParis, "like " + kParis},
      {"other JSON", R"({"city": "Paris", "n": [1]})", R"({"city": "Paris", "n": [1]})"},
      {"no call", "a < b, <tool> and <tool_ca\n", "a < b, <tool> and <tool_ca\n"},
      {"a part of the tag at the end", "so <tool_c", "so <tool_c"},
      {"a tag that begins twice", "<tool<" + call(kParis), "<tool<", {kParisCall}},
      {"a tag behind a tag", "<tool_call>\n" + call(kParis), "<tool_call>", {kParisCall}},
      {"not JSON", call("get_weather(city='Paris')"), call("get_weather(city='Paris')")},
      {"single quotes", call("{'name': 'f', 'arguments': {}}"), call("{'name': 'f', 'arguments': {}}")},
      {"a brace too few",
       call(R"({"name": "f", "arguments": {"a": 1})") + call(kParis),
       call(R"({"name": "f", "arguments": {"a": 1})"),
       {kParisCall}},
      {"a line break in a string", call("{\"name\": \"f\", \"arguments\": {\"a\": \"x\ny\"}}"),
       call("{\"name\": \"f\", \"arguments\": {\"a\": \"x\ny\"}}")},
      {"a comma too many", call(R"({"name": "f", "arguments": {"a": 1,}})"),
       call(R"({"name": "f", "arguments": {"a": 1,}})")},
      {"duplicate keys", call(R"({"name": "f", "arguments": {"a": 1, "a": 2}})"),
       call(R"({"name": "f", "arguments": {"a": 1, "a": 2}})")},
      {"two names", call(R"({"name": "f", "name": "now", "arguments": {}})"),
       call(R"({"name": "f", "name": "now", "arguments": {}})")},
      {"half a surrogate", call(R"({"name": "f", "arguments": {"a": "\ud83d"}})"),
       call(R"({"name": "f", "arguments": {"a": "\ud83d"}})")},
      {"arguments that are a string", call(R"({"name": "f", "arguments": "{}"})"),
       call(R"({"name": "f", "arguments": "{}"})")},
      {"arguments that are a list", call(R"({"name": "f", "arguments": []})"),
       call(R"({"name": "f", "arguments": []})")},
      {"no arguments", call(R"({"name": "f"})"), call(R"({"name": "f"})")},
      {"no name", call(R"({"arguments": {}})"), call(R"({"arguments": {}})")},
      {"another key", call(R"({"name": "f", "arguments": {}, "id": 1})"),
       call(R"({"name": "f", "arguments": {}, "id": 1})")},
      {"a call, then a broken one", call(kParis) + "\n" + call("{]"), "\n" + call("{]"), {kParisCall}},
      {"ended inside a call", "Hm. <tool_call>\n{\"name\": \"f\"", "Hm. <tool_call>\n{\"name\": \"f\""},
      {"nothing", "", ""},
      {"only white space", " \n", " \n"},
      {"truncated in the tag", "Hm. <tool_c", "Hm. <tool_c", {}, true, false},
      {"truncated behind the tag", "Hm. <tool_call>\n", "Hm. <tool_call>\n", {}, true, true},
      {"truncated in the name",
       "<tool_call>\n{\"name\": \"get_we",
       "<tool_call>\n{\"name\": \"get_we",
       {},
       true,
       true},
      {"truncated in the closing tag", "<tool_call>\n" + kParis + "\n</too", "", {kParisCall}, true, false},
      {"truncated in the second call",
       call(kParis) + "\n<tool_call>\n{\"na",
       "\n<tool_call>\n{\"na",
       {kParisCall},
       true,
       true},
      {"truncated behind all calls", call(kParis), "", {kParisCall}, true, false},
  };
}

TEST(HermesCalls, GoldenAnswers) { expect_golden(hermes_format(), golden()); }

TEST(HermesCalls, SpellingIsTheTemplates) {
  EXPECT_EQ(spelled(hermes_format(), {kParisCall, kParisCall}), call(kParis) + "\n" + call(kParis));
}

TEST(HermesCalls, TruncatedInTheArguments) {
  const std::string text = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1";
  using Kind = ToolCallEvent::Kind;
  auto together = hermes_format().make_parser({kGoldenTools, false});
  EXPECT_EQ(events_of(*together, {text}, true), (std::vector<ToolCallEvent>{{Kind::incomplete, 0, text}}));
  auto streamed = hermes_format().make_parser({kGoldenTools, true});
  EXPECT_EQ(events_of(*streamed, {text}, true),
            (std::vector<ToolCallEvent>{
                {Kind::begin, 0, "f"}, {Kind::arguments, 0, "{\"a\": 1"}, {Kind::incomplete, 0, ""}}));
}

TEST(HermesCalls, ArgumentsStreamAsTheyAreWritten) {
  auto parser = hermes_format().make_parser({kGoldenTools, true});
  using Kind = ToolCallEvent::Kind;
  EXPECT_EQ(parser->push("<tool_call>{\"name\": \"f\", \"argu"), std::vector<ToolCallEvent>{});
  EXPECT_EQ(parser->push("ments\": {\"a\""),
            (std::vector<ToolCallEvent>{{Kind::begin, 0, "f"}, {Kind::arguments, 0, "{\"a\""}}));
  EXPECT_EQ(parser->push(": 1"), (std::vector<ToolCallEvent>{{Kind::arguments, 0, ": 1"}}));
  EXPECT_EQ(parser->push("} }"), (std::vector<ToolCallEvent>{{Kind::arguments, 0, "}"}, {Kind::end, 0, ""}}));
}

TEST(HermesCalls, ContentStreamsUnlessItMayBeACall) {
  auto parser = hermes_format().make_parser({kGoldenTools, false});
  const auto text = [&](std::string_view piece) {
    ToolAnswer answer;
    answer.add(parser->push(piece));
    return answer.content;
  };
  EXPECT_EQ(text("Hi"), "Hi");
  EXPECT_EQ(text(" <t"), "");
  EXPECT_EQ(text("able>"), " <table>");
  EXPECT_EQ(text("\n{\"city\""), "\n{\"city\"");
  EXPECT_EQ(text("\n{\"name\": \"Bob\""), "\n{\"name\": \"Bob\"");
}

TEST(HermesCalls, WhatBreaksAfterItsBeginIsIncomplete) {
  auto parser = hermes_format().make_parser({kGoldenTools, true});
  using Kind = ToolCallEvent::Kind;
  EXPECT_EQ(
      events_of(*parser, {"<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":oh}}" + call(kParis)}, false),
      (std::vector<ToolCallEvent>{{Kind::begin, 0, "f"},
                                  {Kind::arguments, 0, "{\"a\":"},
                                  {Kind::incomplete, 0, ""},
                                  {Kind::text, 0, "oh}}"},
                                  {Kind::begin, 1, "get_weather"},
                                  {Kind::arguments, 1, kParisCall.arguments},
                                  {Kind::end, 1, ""}}));
}

TEST(HermesCalls, HostileAnswers) {
  std::vector<std::string> texts = {
      std::string(2 * kMaxToolCallBytes, '\n'), "<tool_call>" + std::string(2 * kMaxToolCallBytes, ' ') + "{",
      call(R"({"name": "f", "arguments": {"a": ")" + std::string(2 * kMaxToolCallBytes, 'x') + "\"}}")};
  std::string deep = R"({"name": "f", "arguments": {"a": )";
  for (int i = 0; i < 100000; ++i) deep += "[";
  texts.push_back(call(deep));
  for (const char* unit :
       {"<tool_call>", "<tool_call>{", "<tool_call>[", "\n{\"name\":", "<", "\n[{", "{\"a\":", "\xff\xc0"}) {
    std::string many;
    while (many.size() < kMaxToolCallBytes) many += unit;
    texts.push_back(std::move(many));
  }
  for (const std::string& text : texts) {
    auto parser = hermes_format().make_parser({kGoldenTools, false});
    ToolAnswer answer;
    answer.add(events_of(*parser, {text}, false));
    EXPECT_EQ(answer.content, text) << text.substr(0, 40);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(HermesCalls, TemplatesThatTeachIt) {
  const char* qwen =
      R"(<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>)";
  EXPECT_EQ(tool_call_format_of(qwen).name, "hermes");
  EXPECT_EQ(tool_call_format_of(R"('\n<tool_call>\n{"name": "' + c.name + '", "arguments": ')").name,
            "hermes");
  for (const char* other :
       {"", "{{ message.content }}", R"(<tool_call>\n<function=example>"arguments")",
        R"(<tool_call>name<arg_key>k</arg_key>"arguments")",
        R"(<tool_calls>[{"name": "f", "arguments": {}}]</tool_calls> within <tool_call>)"}) {
    EXPECT_EQ(tool_call_format_of(other).name, "prompted") << other;
  }
}

}  // namespace
}  // namespace understudy
