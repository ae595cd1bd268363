// Tools and calls of a request: what is read, and 400 that names the field for every kind of nonsense.
#include "gateway/routes/openai_tools.h"

#include <gtest/gtest.h>

#include "gateway/routes/openai_messages.h"

namespace understudy {
namespace {

namespace json = boost::json;
using Choice = ToolRequest::Choice;

Result<ToolRequest> read(const std::string& body) {
  json::object object = json::parse(body).as_object();
  FieldReader fields(object);
  ASSIGN_OR_RETURN(ToolRequest request, read_tools(fields));
  RETURN_IF_ERROR(fields.finish());
  return request;
}

const std::string kTools = R"("tools": [
  {"type": "function", "function": {"name": "now", "description": null, "parameters": null, "strict": null}},
  {"function": {"strict": true, "parameters": {"type": "object", "properties": {"a": {"type": "integer"}},
                                               "required": ["a"], "additionalProperties": false},
   "description": "d", "name": "get_weather-2"}, "type": "function"}])";

TEST(OpenAiTools, WithoutToolsThereIsNoChoice) {
  for (const char* body : {"{}", R"({"tools": null, "tool_choice": null, "parallel_tool_calls": null})",
                           R"({"tools": [], "tool_choice": "auto"})", R"({"tool_choice": "none"})"}) {
    ToolRequest request = read(body).value();
    EXPECT_EQ(request.choice, Choice::none);
    EXPECT_TRUE(request.tools.empty() && request.names.empty() && request.parallel) << body;
  }
}

TEST(OpenAiTools, ToolsAreGivenAsTemplatesKnowThem) {
  ToolRequest request = read("{" + kTools + R"(, "parallel_tool_calls": false})").value();
  EXPECT_EQ(
      json::serialize(request.tools),
      R"([{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}},)"
      R"({"type":"function","function":{"name":"get_weather-2","description":"d",)"
      R"("parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],)"
      R"("additionalProperties":false}}}])");
  EXPECT_EQ(request.names, (std::vector<std::string>{"now", "get_weather-2"}));
  EXPECT_EQ(request.strict, (std::vector<bool>{true, true}));
  EXPECT_EQ(request.choice, Choice::automatic);
  EXPECT_FALSE(request.parallel);
}

TEST(OpenAiTools, Choices) {
  struct {
    const char* choice;
    Choice expect;
    const char* named;
  } cases[] = {
      {R"("none")", Choice::none, ""},
      {R"("auto")", Choice::automatic, ""},
      {R"("required")", Choice::required, ""},
      {R"({"type": "function", "function": {"name": "now"}})", Choice::named, "now"},
  };
  for (const auto& entry : cases) {
    ToolRequest request = read("{" + kTools + R"(, "tool_choice": )" + entry.choice + "}").value();
    EXPECT_EQ(request.choice, entry.expect) << entry.choice;
    EXPECT_EQ(request.named, entry.named);
    EXPECT_EQ(request.tools.size(), 2u);
  }
}

TEST(OpenAiTools, Names) {
  for (const char* name : {"a", "A-Z_09", "-", "_"}) EXPECT_TRUE(is_tool_name(name)) << name;
  EXPECT_TRUE(is_tool_name(std::string(64, 'x')));
  EXPECT_FALSE(is_tool_name(std::string(65, 'x')));
  for (const char* name : {"", "a b", "a.b", "é", "a\n", "\"", "a/b"})
    EXPECT_FALSE(is_tool_name(name)) << name;
}

std::string tool(const std::string& function) {
  return R"({"tools": [{"type": "function", "function": {"name": "a"}}, {"type": "function", "function": )" +
         function + "}]}";
}

TEST(OpenAiTools, NonsenseIsRefusedByName) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"tools": 1})", "tools"},
      {R"({"tools": {}})", "tools"},
      {R"({"tools": [1]})", "tools[0]"},
      {R"({"tools": [{}]})", "tools[0].type"},
      {R"({"tools": [{"type": 1}]})", "tools[0].type"},
      {R"({"tools": [{"type": "function"}]})", "tools[0].function"},
      {R"({"tools": [{"type": "function", "function": []}]})", "tools[0].function"},
      {R"({"tools": [{"type": "function", "function": {"name": "a"}, "x": 1}]})", "tools[0].x"},
      {tool("{}"), "tools[1].function.name"},
      {tool(R"({"name": ""})"), "tools[1].function.name"},
      {tool(R"({"name": 1})"), "tools[1].function.name"},
      {tool(R"({"name": "a b"})"), "tools[1].function.name"},
      {tool(R"({"name": "a"})"), "tools[1].function.name"},
      {tool(R"({"name": ")" + std::string(65, 'x') + "\"}"), "tools[1].function.name"},
      {tool(R"({"name": "b", "description": 1})"), "tools[1].function.description"},
      {tool(R"({"name": "b", "parameters": []})"), "tools[1].function.parameters"},
      {tool(R"({"name": "b", "parameters": true})"), "tools[1].function.parameters"},
      {tool(R"({"name": "b", "parameters": {"type": "string"}})"), "tools[1].function.parameters.type"},
      {tool(R"({"name": "b", "strict": "yes"})"), "tools[1].function.strict"},
      {tool(R"({"name": "b", "strict": true, "parameters": {"type": "object", "properties": {}}})"),
       "tools[1].function.parameters"},
      {tool(R"({"name": "b", "strict": true, "parameters": {"type": "object", "additionalProperties": false,
                "properties": {"x": {"type": "object", "additionalProperties": true}}, "required": ["x"]}})"),
       "tools[1].function.parameters"},
      {tool(R"({"name": "b", "arguments": {}})"), "tools[1].function.arguments"},
      {"{" + kTools + R"(, "tool_choice": "any"})", "tool_choice"},
      {"{" + kTools + R"(, "tool_choice": 1})", "tool_choice"},
      {"{" + kTools + R"(, "tool_choice": {}})", "tool_choice.type"},
      {"{" + kTools + R"(, "tool_choice": {"type": "function"}})", "tool_choice.function"},
      {"{" + kTools + R"(, "tool_choice": {"type": "function", "function": {}}})",
       "tool_choice.function.name"},
      {"{" + kTools + R"(, "tool_choice": {"type": "function", "function": {"name": "nil"}}})",
       "tool_choice.function.name"},
      {"{" + kTools + R"(, "tool_choice": {"type": "function", "function": {"name": "now", "x": 1}}})",
       "tool_choice.function.x"},
      {R"({"tool_choice": "required"})", "tool_choice"},
      {R"({"tools": [], "tool_choice": {"type": "function", "function": {"name": "now"}}})",
       "tool_choice.function.name"},
      {R"({"parallel_tool_calls": 1})", "parallel_tool_calls"},
  };
  for (const auto& [body, where] : cases) {
    auto request = read(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().code, ErrorCode::invalid_argument) << body;
    EXPECT_EQ(request.error().where, where) << body;
  }
  json::array many(kMaxTools + 1, json::value(nullptr));
  EXPECT_EQ(read(json::serialize(json::object{{"tools", many}})).error().where, "tools");
}

TEST(OpenAiTools, OtherKindsOfToolsAreUnsupported) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"tools": [{"type": "custom", "custom": {"name": "x"}}]})", "tools[0].type"},
      {"{" + kTools + R"(, "tool_choice": {"type": "allowed_tools", "allowed_tools": {}}})",
       "tool_choice.type"},
  };
  for (const auto& [body, where] : cases) {
    auto request = read(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().code, ErrorCode::unsupported);
    EXPECT_EQ(request.error().where, where);
  }
}

Result<json::array> messages(const std::string& text) {
  json::value value = json::parse(text);
  return read_messages(&value);
}

TEST(OpenAiToolMessages, CallsAndResultsAreGivenAsTemplatesKnowThem) {
  auto read = messages(R"([{"role": "user", "content": "q"},
    {"role": "assistant", "content": null, "refusal": null, "tool_calls": [
      {"id": "c1", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{\"z\": 1.0, \"a\": {\"b\": \"\\u00e9\"}}"}},
      {"id": "c2", "type": "function", "function": {"arguments": " {} ", "name": "now"}}]},
    {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "one"}]},
    {"role": "tool", "tool_call_id": "c2", "content": "", "name": "now"},
    {"role": "assistant", "tool_calls": [{"id": "c3", "function": {"name": "now", "arguments": "{}"}}]},
    {"role": "assistant", "content": "Done.", "tool_calls": []},
    {"role": "assistant", "content": "Bye.", "tool_calls": null},
    {"role": "user", "content": "x", "tool_calls": null}])");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, json::parse(R"([{"role": "user", "content": "q"},
    {"role": "assistant", "content": "", "tool_calls": [
      {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"z": 1.0, "a": {"b": "é"}}}},
      {"id": "c2", "type": "function", "function": {"name": "now", "arguments": {}}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "one"},
    {"role": "tool", "tool_call_id": "c2", "content": "", "name": "now"},
    {"role": "assistant", "content": "", "tool_calls": [
      {"id": "c3", "type": "function", "function": {"name": "now", "arguments": {}}}]},
    {"role": "assistant", "content": "Done."}, {"role": "assistant", "content": "Bye."},
    {"role": "user", "content": "x"}])"));
  // Templates write the members in the order that the model wrote.
  EXPECT_EQ(json::serialize((*read)[1].at_pointer("/tool_calls/0/function")),
            R"({"name":"f","arguments":{"z":1E0,"a":{"b":"é"}}})");
}

TEST(OpenAiToolMessages, NonsenseIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(1)", "tool_calls"},
      {R"({})", "tool_calls"},
      {R"([1])", "tool_calls[0]"},
      {R"([{"id": 1}])", "tool_calls[0].id"},
      {R"([{"id": "a", "type": "function"}])", "tool_calls[0].function"},
      {R"([{"id": "a", "type": "function", "function": "f"}])", "tool_calls[0].function"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}, "x": 1}])",
       "tool_calls[0].x"},
      {R"([{"id": "a", "type": "function", "function": {"arguments": "{}"}}])",
       "tool_calls[0].function.name"},
      {R"([{"id": "a", "type": "function", "function": {"name": "a b", "arguments": "{}"}}])",
       "tool_calls[0].function.name"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f"}}])", "tool_calls[0].function.arguments"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}])",
       "tool_calls[0].function.arguments"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}])",
       "tool_calls[0].function.arguments"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{'a': 1}"}}])",
       "tool_calls[0].function.arguments"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "[]"}}])",
       "tool_calls[0].function.arguments"},
      {R"([{"function": {"name": "f", "arguments": "{}"}}, {"function": {"name": "f", "arguments": "{\"a\":1,\"a\":2}"}}])",
       "tool_calls[1].function.arguments"},
      {R"([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}", "x": 1}}])",
       "tool_calls[0].function.x"},
  };
  for (const auto& [calls, where] : cases) {
    auto read = messages(
        R"([{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "tool_calls": )" +
        std::string(calls) + "}]");
    ASSERT_FALSE(read.ok()) << calls;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_argument) << calls;
    EXPECT_EQ(read.error().where, std::string("messages[1].") + where) << calls;
  }
  auto custom =
      messages(R"([{"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {}}]}])");
  ASSERT_FALSE(custom.ok());
  EXPECT_EQ(custom.error().code, ErrorCode::unsupported);
  EXPECT_EQ(custom.error().where, "messages[0].tool_calls[0].type");
  auto user = messages(R"([{"role": "user", "content": "q", "tool_calls": [{}]}])");
  ASSERT_FALSE(user.ok());
  EXPECT_EQ(user.error().where, "messages[0].tool_calls");
}

}  // namespace
}  // namespace understudy
