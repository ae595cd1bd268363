#include <gtest/gtest.h>

#include "text/chat_template.h"
#include "text/tool_calls/formats.h"
#include "text/tool_calls/testing/golden.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::string call(std::string_view object) { return "<tool_call>\n" + std::string(object) + "\n</tool_call>"; }

// What a model says that saw the form in its prompt only. The parser is Hermes's, whose test has the rest.
std::vector<GoldenAnswer> golden() {
  const std::string now = R"({"name": "now", "arguments": {}})";
  return {
      {"one call", call(now), "", {{"now", "{}"}}},
      {"two calls", call(now) + "\n" + call(now), "", {{"now", "{}"}, {"now", "{}"}}},
      {"text before", "Okay.\n" + call(now), "Okay.", {{"now", "{}"}}},
      {"a list in the tag, as SmolLM2 1.7B was taught",
       "<tool_call>[" + now + ", " + now + "]</tool_call>",
       "",
       {{"now", "{}"}, {"now", "{}"}}},
      {"an empty list in the tag", "<tool_call>[]</tool_call>", "<tool_call>[]</tool_call>"},
      {"no tag", now, "", {{"now", "{}"}}},
      {"a code block", "```json\n" + now + "\n```", "```json\n```", {{"now", "{}"}}},
      {"a tag in a code block", "```\n" + call(now) + "\n```", "```\n```", {{"now", "{}"}}},
      {"the wrong closing tag", "<tool_call>\n" + now + "\n</tool>", "\n</tool>", {{"now", "{}"}}},
      {"the opening tag again", "<tool_call>\n" + now + "\n<tool_call>", "\n<tool_call>", {{"now", "{}"}}},
      {"parameters", call(R"({"name": "f", "parameters": {"a": 1}})"), "", {{"f", R"({"a": 1})"}}},
      {"the prompt's own example",
       call(R"({"name": <function name>, "arguments": <JSON object of its arguments>})"),
       call(R"({"name": <function name>, "arguments": <JSON object of its arguments>})")},
      {"apostrophes",
       call(R"({"name": "f", "arguments": {"a": "o'clock"}})"),
       "",
       {{"f", R"({"a": "o'clock"})"}}},
      {"nested quotes",
       call(R"({"name": "f", "arguments": {"a": "\"x\""}})"),
       "",
       {{"f", R"({"a": "\"x\""})"}}},
      {"unicode", call(R"({"name": "f", "arguments": {"a": "¿Qué?"}})"), "", {{"f", R"({"a": "¿Qué?"})"}}},
      {"escapes",
       call(R"({"name": "f", "arguments": {"a": "a\tb\u0041"}})"),
       "",
       {{"f", R"({"a": "a\tb\u0041"})"}}},
      {"nested objects",
       call(R"({"name": "f", "arguments": {"a": {"b": {"c": [1]}}}})"),
       "",
       {{"f", R"({"a": {"b": {"c": [1]}}})"}}},
      {"braces in strings",
       call(R"({"name": "f", "arguments": {"a": "{{}"}})"),
       "",
       {{"f", R"({"a": "{{}"})"}}},
      {"not JSON", call("f(a=1)"), call("f(a=1)")},
      {"ended inside", "<tool_call>\n{\"name\":", "<tool_call>\n{\"name\":"},
      {"truncated", "<tool_call>\n{\"name\":", "<tool_call>\n{\"name\":", {}, true, true},
  };
}

TEST(PromptedCalls, GoldenAnswers) { expect_golden(prompted_format(), golden()); }

TEST(PromptedCalls, TemplatesWithoutToolsTeachNothing) {
  EXPECT_EQ(tool_call_format_of(plain_chat_template()).name, "prompted");
}

const json::array kTools =
    json::parse(R"([{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}},
  {"type": "function", "function": {"name": "f", "description": "d'\"é"}}])")
        .as_array();

constexpr std::string_view kSystem = R"(# Tools

You can call functions to help with the user's request. Their signatures, one JSON object per line:
<tools>
{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}
{"type": "function", "function": {"name": "f", "description": "d'\"é"}}
</tools>

To call functions, answer with one block per call and nothing else:
<tool_call>
{"name": <function name>, "arguments": <JSON object of its arguments>}
</tool_call>

The results come back between <tool_response> and </tool_response>. If no function helps, just answer.)";

json::array prepared(const char* messages, const json::array& tools) {
  auto prompt = prompted_format().prepare(json::parse(messages).as_array(), tools);
  EXPECT_TRUE(prompt.ok());
  EXPECT_TRUE(prompt->tools.is_null());
  return prompt->messages;
}

TEST(PromptedCalls, ToolsAreListedInASystemText) {
  EXPECT_EQ(prepared(R"([{"role": "user", "content": "q"}])", kTools),
            (json::array{{{"role", "system"}, {"content", kSystem}}, {{"role", "user"}, {"content", "q"}}}));
  EXPECT_EQ(
      prepared(R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "q"}])", kTools),
      (json::array{{{"role", "system"}, {"content", "Be brief.\n\n" + std::string(kSystem)}},
                   {{"role", "user"}, {"content", "q"}}}));
}

TEST(PromptedCalls, WithoutToolsOrCallsNothingChanges) {
  const char* messages =
      R"([{"role": "system", "content": ""}, {"role": "assistant", "content": "a", "name": "n"}])";
  EXPECT_EQ(prepared(messages, {}), json::parse(messages).as_array());
}

TEST(PromptedCalls, CallsAndResultsOfTheHistoryAreContent) {
  EXPECT_EQ(
      prepared(R"([{"role": "user", "content": "q"},
    {"role": "assistant", "content": "", "tool_calls": [
      {"id": "a", "type": "function", "function": {"name": "f", "arguments": {"x": 1.0, "y": "é'\"<b>"}}},
      {"id": "b", "type": "function", "function": {"name": "now", "arguments": {}}}]},
    {"role": "tool", "content": "one", "tool_call_id": "a"}, {"role": "tool", "content": "{}", "tool_call_id": "b"},
    {"role": "assistant", "content": "Again.", "tool_calls": [
      {"id": "c", "type": "function", "function": {"name": "now", "arguments": {}}}]}])",
               {}),
      (json::array{
          {{"role", "user"}, {"content", "q"}},
          {{"role", "assistant"},
           {"content", call(R"({"name": "f", "arguments": {"x": 1.0, "y": "é'\"<b>"}})") + "\n" +
                           call(R"({"name": "now", "arguments": {}})")}},
          {{"role", "user"},
           {"content", "<tool_response>\none\n</tool_response>\n<tool_response>\n{}\n</tool_response>"}},
          {{"role", "assistant"}, {"content", "Again.\n" + call(R"({"name": "now", "arguments": {}})")}}}));
}

}  // namespace
}  // namespace understudy
