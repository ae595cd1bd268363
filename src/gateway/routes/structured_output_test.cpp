// Chat completions under a schema and with tools, over a scripted model that obeys grammars: what a request may ask, what
// its answer looks like, and that a stream of it, cut at every byte, adds up to the whole.
#include <gtest/gtest.h>

#include "gateway/routes/shown_format.h"
#include "gateway/testing/test_server.h"
#include "text/tool_calls/formats.h"

namespace understudy {
namespace {

namespace json = boost::json;

const std::string kChat = "/v1/chat/completions";

std::string chat(const std::string& more) {
  return R"({"model": "test-model", "messages": [{"role": "user", "content": "hi"}])" + more + "}";
}

std::string schema(const std::string& text, const std::string& more = "") {
  return R"(, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema":)" + text +
         more + "}}";
}

const std::string kPerson =
    R"({"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},)"
    R"("required": ["name", "age"], "additionalProperties": false})";

// Two tools: of the first the arguments are locked to its schema, of the second they are any object.
const std::string kTools =
    R"(, "tools": [{"type": "function", "function": {"name": "add", "strict": true, "parameters": {"type": "object",)"
    R"("properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a", "b"],)"
    R"("additionalProperties": false}}}, {"type": "function", "function": {"name": "now"}}])";

const json::object& choice_of(const json::value& body) { return body.at("choices").at(0).as_object(); }
const json::object& message_of(const json::value& body) { return choice_of(body).at("message").as_object(); }

std::string call_text(const ToolCallFormat& format, const std::string& name, const std::string& arguments) {
  const ToolCallSpelling& s = format.spelling;
  return std::string(s.before_name) + name + std::string(s.before_arguments) + arguments +
         std::string(s.after_arguments);
}
std::string list_of(const ToolCallFormat& format, const std::vector<std::string>& calls) {
  const ToolCallSpelling& s = format.spelling;
  std::string text(s.list_open);
  for (size_t i = 0; i < calls.size(); i++) text += std::string(i ? s.separator : "") + calls[i];
  return text + std::string(s.list_close);
}

// What a client makes of a stream's chunks: the message and the finish reason that a whole answer has.
struct Streamed {
  std::string content, refusal;
  json::array calls;  // with arguments put together, without ids
  json::value reason, confidence;
  bool refused = false;
  size_t pieces = 0;
};

Streamed put_together(const std::string& body) {
  Streamed all;
  for (size_t at = 0, end; (end = body.find("\n\n", at)) != std::string::npos; at = end + 2) {
    const std::string data = body.substr(at + 6, end - at - 6);
    if (data == "[DONE]") break;
    const json::value chunk = json::parse(data);
    const json::object& choice = choice_of(chunk);
    const json::object& delta = choice.at("delta").as_object();
    if (const json::value* text = delta.if_contains("content")) all.content += std::string(text->as_string());
    if (const json::value* text = delta.if_contains("refusal")) {
      all.refused = true;
      all.refusal += std::string(text->as_string());
    }
    if (const json::value* calls = delta.if_contains("tool_calls")) {
      EXPECT_EQ(calls->as_array().size(), 1u) << data;
      const json::object& call = calls->as_array()[0].as_object();
      const json::object& function = call.at("function").as_object();
      if (const json::value* name = function.if_contains("name")) {
        EXPECT_EQ(call.at("index").to_number<size_t>(), all.calls.size());
        EXPECT_TRUE(call.at("id").as_string().starts_with("call_"));
        all.calls.push_back({{"name", *name}, {"arguments", ""}});
      }
      json::string& arguments = all.calls.back().at("arguments").as_string();
      arguments += function.at("arguments").as_string();
    }
    all.pieces++;
    if (choice.at("finish_reason").is_null()) continue;
    all.reason = choice.at("finish_reason");
    if (const json::value* confidence = choice.if_contains("confidence")) all.confidence = *confidence;
  }
  return all;
}

json::array calls_of(const json::object& message) {
  json::array calls;
  if (!message.contains("tool_calls")) return calls;
  for (const json::value& call : message.at("tool_calls").as_array()) {
    EXPECT_EQ(call.at("type"), "function");
    EXPECT_TRUE(call.at("id").as_string().starts_with("call_"));
    calls.push_back(call.at("function"));
  }
  return calls;
}

// The whole answer to a request, after checking that its stream says the same.
json::value ask(TestServer& server, const std::string& more) {
  const TestResponse whole = server.post(kChat, chat(more));
  const TestResponse streamed = server.post(kChat, chat(more + R"(, "stream": true)"));
  EXPECT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(streamed.status, 200) << streamed.body;
  if (whole.status != 200 || streamed.status != 200) return json::parse(R"({"choices": [{"message": {}}]})");
  json::value body = whole.json();
  const json::object& message = message_of(body);
  const Streamed all = put_together(streamed.body);
  EXPECT_EQ(all.content, message.at("content").is_null() ? "" : message.at("content").as_string());
  EXPECT_EQ(all.refused ? json::value(all.refusal) : json::value(nullptr), message.at("refusal"));
  EXPECT_EQ(all.calls, calls_of(message));
  EXPECT_EQ(all.reason, choice_of(body).at("finish_reason"));
  const json::value* confidence = choice_of(body).if_contains("confidence");
  EXPECT_EQ(all.confidence, confidence ? *confidence : json::value(nullptr));
  return body;
}

TEST(StructuredOutput, AnswersFollowTheSchema) {
  for (const char* said :
       {"Hello, world!", R"({"name": "J\u00f6rg \"x\" 漢字 🦆", "age": 42} and more)", "{\"name\": \"a"}) {
    TestServer server;
    server.provider->say(said);
    const json::value body = ask(server, schema(kPerson, R"(, "strict": true)"));
    const json::value answer = json::parse(message_of(body).at("content").as_string());
    EXPECT_TRUE(answer.at("name").is_string() && answer.at("age").is_int64());
    EXPECT_EQ(answer.as_object().size(), 2u);
    EXPECT_EQ(choice_of(body).at("finish_reason"), "stop");
    EXPECT_FALSE(message_of(body).contains("tool_calls"));
  }
}

TEST(StructuredOutput, JsonObjectIsAnyObject) {
  TestServer server;
  server.provider->say(R"({"a": [1, {"b": null}]} more)");
  EXPECT_EQ(message_of(ask(server, R"(, "response_format": {"type": "json_object"})")).at("content"),
            R"({"a": [1, {"b": null}]})");
}

TEST(StructuredOutput, TheModelIsShownTheSchema) {
  TestServer server;
  server.post(kChat, chat(schema(kPerson)));
  server.post(kChat, R"({"model": "test-model", "messages": [{"role": "system", "content": "Be brief."}, )"
                     R"({"role": "user", "content": "hi"}])" +
                         schema(kPerson) + "}");
  for (const size_t request : {0, 1}) {
    const std::vector<TokenId> tokens = server.provider->submitted().at(request).prompt;
    const std::string prompt(tokens.begin(), tokens.end());
    const size_t shown = prompt.find(R"({"type": "object", "properties": {"name": {"type": "string"}, )");
    ASSERT_NE(shown, std::string::npos) << prompt;
    // What the caller says comes last.
    EXPECT_EQ(prompt.find("Be brief.", shown) != std::string::npos, request == 1) << prompt;
  }
}

TEST(StructuredOutput, TheModelIsNotShownWhatTheCallerShows) {
  const std::string kind =
      R"({"type": "object", "properties": {"kind": {"enum": ["open", "closed"]}, "by": )";
  const std::string plain = kind + R"({"type": ["string", "null"]}}})";
  const std::string described = kind + R"({"type": "string", "description": "a name"}}})";
  const std::string with_default = kind + R"({"type": "string", "default": {"description": "d"}}}})";
  struct {
    std::string role, content, schema;
    bool shown;
  } const rows[] = {
      {"user", R"(open or closed? {\"kind\": \"open\", \"by\": null})", plain, false},
      {"system", R"(open or closed? The fields are 'kind' and `by`.)", plain, false},
      {"user", R"({\"kind\": \"open or closed\", \"by\": null})", with_default, false},
      {"user", R"({\"kind\": \"open or closed\", \"by\": null})", described, true},
      {"user", R"({\"kind\": \"open\", \"by\": null})", plain, true},     // "closed" is not said
      {"user", R"(What kind, by whom? open or closed.)", plain, true},    // names are words here
      {"user", R"(\"kind\" is open or closed, \"bytes\")", plain, true},  // "by" is not said
      {"assistant", R"({\"kind\": \"open or closed\", \"by\": null})", plain, true},
      {"user", R"(open or closed)", R"({"enum": ["open", "closed"]})", true},  // no form
  };
  TestServer server;
  for (const auto& row : rows) {
    const std::string message = R"({"role": ")" + row.role + R"(", "content": ")" + row.content + R"("})";
    server.post(kChat, R"({"model": "test-model", "messages": [)" + message +
                           R"(, {"role": "user", "content": "hi"}])" + schema(row.schema) + "}");
    const std::vector<TokenId> tokens = server.provider->submitted().back().prompt;
    const std::string prompt(tokens.begin(), tokens.end());
    EXPECT_EQ(prompt.find("JSON schema") != std::string::npos, row.shown) << prompt;
    EXPECT_NE(prompt.find("hi"), std::string::npos);
  }
  // More names than anybody writes by hand are not looked for.
  for (const size_t count : {200, 201}) {
    std::string properties, text;
    for (size_t i = 0; i < count; i++) {
      const std::string name = "p" + std::to_string(i);
      properties += (i > 0 ? R"(,")" : R"(")") + name + R"(":{})";
      text += "'" + name + "' ";
    }
    json::array messages{json::object{{"role", "user"}, {"content", text}}};
    const json::value form = json::parse(R"({"type":"object","properties":{)" + properties + "}}");
    EXPECT_EQ(shows_form(messages, form), count == 200);
  }
  // Leave not to know is said all the same.
  server.post(kChat,
              R"({"model": "test-model", "messages": [{"role": "user", "content": "\"name\", \"age\""}])" +
                  schema(kPerson, R"(, "strict": true, "abstain": true)") + "}");
  const std::vector<TokenId> tokens = server.provider->submitted().back().prompt;
  const std::string prompt(tokens.begin(), tokens.end());
  EXPECT_NE(prompt.find("If you cannot know the answer, write: I don't know."), std::string::npos) << prompt;
  EXPECT_EQ(prompt.find("JSON schema"), std::string::npos) << prompt;
}

TEST(StructuredOutput, ConfidenceIsOfTheLeastProbableValue) {
  TestServer server;
  server.provider->say(R"({"sure": "only", "open": "bc"})");
  const std::string open =
      R"({"type": "object", "required": ["sure", "open"], "additionalProperties": false,)"
      R"("properties": {"sure": {"enum": ["only"]}, "open": {"enum": ["aa", "bb", "bc"]}}})";
  const json::value body = ask(server, schema(open));
  EXPECT_EQ(message_of(body).at("content"), R"({"sure": "only", "open": "bc"})");
  EXPECT_EQ(choice_of(body).at("confidence"), json::value(0.25));  // b of a or b, c of b or c
  const std::string forced = R"({"enum": ["only"]})";
  EXPECT_EQ(choice_of(ask(server, schema(forced))).at("confidence"), json::value(1.0));
  // Without a grammar there is none.
  EXPECT_FALSE(choice_of(ask(server, "")).contains("confidence"));
}

TEST(StructuredOutput, AbstentionIsARefusal) {
  const std::string more = schema(kPerson, R"(, "strict": true, "abstain": true)");
  TestServer server;
  server.provider->say("I don't know.");
  json::value body = ask(server, more);
  EXPECT_TRUE(message_of(body).at("content").is_null());
  EXPECT_EQ(message_of(body).at("refusal"), "I don't know.");
  EXPECT_EQ(choice_of(body).at("finish_reason"), "stop");
  // One that was cut is no JSON either.
  body = ask(server, more + R"(, "max_tokens": 3)");
  EXPECT_EQ(message_of(body).at("refusal"), "I d");
  EXPECT_EQ(choice_of(body).at("finish_reason"), "length");
  // Without leave the model answers, and text without a schema is no refusal.
  EXPECT_TRUE(message_of(ask(server, schema(kPerson))).at("refusal").is_null());
  EXPECT_EQ(message_of(ask(server, "")).at("content"), "I don't know.");
}

TEST(StructuredOutput, AnAnswerThatWasCutKeepsItsText) {
  TestServer server;
  server.provider->say(R"({"name": "abcdef", "age": 1})");
  const json::value body = ask(server, schema(kPerson) + R"(, "max_tokens": 13)");
  EXPECT_EQ(message_of(body).at("content"), R"({"name": "abc)");
  EXPECT_EQ(choice_of(body).at("finish_reason"), "length");
}

TEST(StructuredOutput, RefusedSchemasNameKeywordAndPath) {
  TestServer server;
  struct {
    const char* schema;
    const char* param;
    std::vector<const char*> said;
  } cases[] = {
      {R"({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "strin"}}}})",
       "response_format",
       {"type", "#/properties/a/items"}},
      {R"({"properties": {"a": {"minimum": "x"}}})", "response_format", {"minimum", "#/properties/a"}},
      {R"({"properties": {"a": {"$ref": "#/$defs/b"}}})", "response_format", {"$ref", "#/properties/a"}},
      {R"({"type": "integer", "minimum": 2, "maximum": 1})", "response_format", {"#"}},
      {R"({"properties": {"a": {"type": "string", "pattern": "(?<=x)y"}}})",
       "response_format",
       {"pattern", "#/properties/a"}},
  };
  for (const auto& entry : cases) {
    const TestResponse response = server.post(kChat, chat(schema(entry.schema)));
    ASSERT_EQ(response.status, 400) << entry.schema << response.body;
    const json::object error = response.json().at("error").as_object();
    EXPECT_EQ(error.at("param"), json::value(entry.param)) << entry.schema;
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    const std::string message(error.at("message").as_string());
    for (const char* part : entry.said) EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  // Of a tool: param and message say which.
  const TestResponse response = server.post(
      kChat,
      chat(
          R"(, "tools": [{"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object",)"
          R"("required": ["a"], "additionalProperties": false,)"
          R"("properties": {"a": {"type": "strin"}}}}}], "tool_choice": "required")"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.json().at("error").at("param"), "tools[0].function.parameters") << response.body;
  EXPECT_NE(response.body.find("#/properties/a"), std::string::npos) << response.body;
}

class EveryToolFormat : public testing::TestWithParam<const ToolCallFormat*> {
 protected:
  EveryToolFormat() { server_.provider->call_as(format_); }

  const ToolCallFormat& format_ = *GetParam();
  TestServer server_;
  const std::string kArguments = R"({"a": -17, "b": "é \"}\n漢"})";
  const std::string kAdd = call_text(format_, "add", kArguments),
                    kNow = call_text(format_, "now", R"({"any": [1]})");
  const json::value add_ = json::object{{"name", "add"}, {"arguments", kArguments}};
  const json::value now_ = json::object{{"name", "now"}, {"arguments", R"({"any": [1]})"}};
};

TEST_P(EveryToolFormat, RequiredCallsComeWhateverTheModelWouldSay) {
  for (const std::string& said : {std::string("Hello, world!"), kAdd, list_of(format_, {kNow})}) {
    server_.provider->say(said);
    const json::value body = ask(server_, kTools + R"(, "tool_choice": "required")");
    EXPECT_EQ(choice_of(body).at("finish_reason"), "tool_calls");
    EXPECT_TRUE(message_of(body).at("content").is_null());
    ASSERT_EQ(calls_of(message_of(body)).size(), 1u) << json::serialize(body);
    EXPECT_TRUE(json::parse(calls_of(message_of(body))[0].at("arguments").as_string()).is_object());
  }
}

TEST_P(EveryToolFormat, SeveralCallsUnlessOneIsWanted) {
  server_.provider->say(list_of(format_, {kAdd, kNow, kAdd}));
  EXPECT_EQ(calls_of(message_of(ask(server_, kTools + R"(, "tool_choice": "required")"))),
            (json::array{add_, now_, add_}));
  EXPECT_EQ(calls_of(message_of(
                ask(server_, kTools + R"(, "tool_choice": "required", "parallel_tool_calls": false)"))),
            json::array(1, add_));
  EXPECT_EQ(calls_of(message_of(ask(
                server_, kTools + R"(, "tool_choice": {"type": "function", "function": {"name": "add"}})"))),
            json::array(1, add_));
}

TEST_P(EveryToolFormat, ANamedToolIsTheOneThatIsCalled) {
  server_.provider->say(list_of(format_, {kAdd}));
  const json::value body =
      ask(server_, kTools + R"(, "tool_choice": {"type": "function", "function": {"name": "now"}})");
  ASSERT_EQ(calls_of(message_of(body)).size(), 1u);
  EXPECT_EQ(calls_of(message_of(body))[0].at("name"), "now");
}

TEST_P(EveryToolFormat, AutoCallsOrAnswers) {
  server_.provider->say(list_of(format_, {kAdd, kNow}));
  json::value body = ask(server_, kTools);
  EXPECT_EQ(calls_of(message_of(body)), (json::array{add_, now_}));
  EXPECT_EQ(choice_of(body).at("finish_reason"), "tool_calls");
  server_.provider->say("Hello, world!");
  body = ask(server_, kTools + R"(, "tool_choice": "auto")");
  EXPECT_EQ(message_of(body).at("content"), "Hello, world!");
  EXPECT_EQ(choice_of(body).at("finish_reason"), "stop");
}

TEST_P(EveryToolFormat, AToolThatNoArgumentsSatisfyIsNotCalled) {
  const std::string impossible =
      R"({"type": "function", "function": {"name": "never", "parameters": {"type": "object", "required": ["a"],)"
      R"("properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}}}})";
  const std::string alone = R"(, "tools": [)" + impossible + "]";
  const std::string beside = kTools.substr(0, kTools.size() - 1) + ", " + impossible + "]";
  const std::string never = list_of(format_, {call_text(format_, "never", R"({"a": 1})")});
  // A family whose calls have no mark is not locked where it may also answer with text.
  if (!format_.spelling.marker.empty()) {
    for (const std::string& tools : {alone, beside}) {
      server_.provider->say(never);
      for (const json::value& call : calls_of(message_of(ask(server_, tools)))) {
        EXPECT_NE(call.at("name"), "never") << tools;
      }
    }
  }
  server_.provider->say(list_of(format_, {kAdd}));
  EXPECT_EQ(calls_of(message_of(ask(server_, beside))), json::array(1, add_));
  server_.provider->say(never);
  const json::array calls = calls_of(message_of(ask(server_, beside + R"(, "tool_choice": "required")")));
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_NE(calls[0].at("name"), "never");
  for (const char* choice : {R"("required")", R"({"type": "function", "function": {"name": "never"}})"}) {
    const TestResponse refused = server_.post(kChat, chat(alone + R"(, "tool_choice": )" + choice));
    EXPECT_EQ(refused.status, 400) << choice;
    EXPECT_EQ(refused.json().at("error").at("param"), "tools[0].function.parameters") << refused.body;
  }
}

TEST(Arguments, HaveDeclaredMembersOnlyUnlessTheSchemaSpeaksOfOthers) {
  TestServer server;
  server.provider->call_as(hermes_format());
  const std::string open = R"({"p": {"x": 1}, "q": 3})", none = R"({"p": {"x": 1}})";
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"", open, none},
      {"", R"({"p": {"x": 1, "y": 2}})", none},
      {R"(, "additionalProperties": true)", open, open},
      {R"(, "required": ["p", "q"])", open, open},
      {R"(, "anyOf": [{"required": ["q"]}])", open, open}};
  for (const auto& [more, said, expected] : cases) {
    server.provider->say(call_text(hermes_format(), "f", said));
    const json::value body =
        ask(server,
            R"(, "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", )"
            R"("properties": {"p": {"type": "object", "properties": {"x": {"type": "integer"}}}})" +
                more + "}}}]");
    ASSERT_EQ(calls_of(message_of(body)).size(), 1u) << more;
    EXPECT_EQ(calls_of(message_of(body))[0].at("arguments"), json::value(expected)) << more;
  }
}

// Models write calls without their mark: as the answer, on a line of its own, fenced, in a list.
TEST(CallsWithoutTheirMark, AreLockedWhereAParserTakesThem) {
  TestServer server;
  server.provider->call_as(hermes_format());
  const std::string add = R"({"name": "add", "arguments": {"a": 1, "b": "x"}})",
                    now = R"({"name": "now", "arguments": {"any": [1]}})";
  const std::vector<std::pair<std::string, size_t>> kept = {
      {add, 1},
      {"```json\n" + add + "\n```", 1},
      {"First:\n\n  " + add + "\nthen\n" + now + "\n", 2},
      {"[" + now + ", " + add + "]", 2},
      {add + ";" + add, 2},
      {"{\n  \"name\": \"add\",\n  \"parameters\": {\"a\": 1, \"b\": \"x\"}\n}", 1},
      {"I could call " + add, 0},
      {R"({"name": "other", "arguments": {"x": 1}})", 0},
      {R"({"name": "add", "description": "adds"})", 0},
      {R"({"arguments": {"x": 1}, "name": "add"})", 0},
      {R"({"type": "function", "parameters": {"x": 1}, "name": "add"})", 0},
      {"{}\n[1, 2]\n{\"a\": {\"name\": \"add\"}}", 0}};
  for (const auto& [text, calls] : kept) {
    server.provider->say(text);
    const json::value locked = ask(server, kTools);
    EXPECT_EQ(calls_of(message_of(locked)).size(), calls) << text;
    if (calls == 0) {
      EXPECT_EQ(message_of(locked).at("content"), json::value(text));
    }
  }
  const char* wrong[] = {R"({"x": 1})", R"({"a": 1.5, "b": "x"})", R"({"a": 1, "b": "x", "c": 0})", R"({})"};
  for (const std::string before : {"", "```json\n", "[\n  ", "Well:\n\t", "{}\n;"}) {
    for (const char* head : {R"({"name": "add", "arguments": )", "{\n\"name\" : \"add\",\n\"parameters\":",
                             R"({"type": "function", "name": "add", "arguments": )", R"({"arguments": )",
                             R"({"name": "\u0061dd", "arguments": )"}) {
      for (const char* arguments : wrong) {
        server.provider->say(before + head + arguments + R"(, "name": "add"})");
        for (const json::value& call : calls_of(message_of(ask(server, kTools)))) {
          const json::value given = json::parse(call.at("arguments").as_string());
          EXPECT_TRUE(given.as_object().size() == 2 && given.at("a").is_int64() && given.at("b").is_string())
              << before << head << arguments << ": " << json::serialize(given);
        }
      }
    }
  }
  server.provider->say(add + "\n" + add);
  EXPECT_EQ(calls_of(message_of(ask(server, kTools + R"(, "parallel_tool_calls": false)"))).size(), 1u);
}

TEST_P(EveryToolFormat, NoneIsTextWhateverItLooksLike) {
  const std::string text = list_of(format_, {kAdd});
  server_.provider->say(text);
  const json::value body = ask(server_, kTools + R"(, "tool_choice": "none")");
  EXPECT_EQ(message_of(body).at("content"), json::value(text));
  EXPECT_EQ(choice_of(body).at("finish_reason"), "stop");
}

TEST_P(EveryToolFormat, ASchemaOrACall) {
  server_.provider->say(list_of(format_, {kAdd}));
  const json::value called = ask(server_, schema(kPerson) + kTools);
  EXPECT_EQ(calls_of(message_of(called)), json::array(1, add_));
  server_.provider->say(R"({"name": "x", "age": 3})");
  const json::value answered = ask(server_, schema(kPerson) + kTools);
  EXPECT_EQ(message_of(answered).at("content"), R"({"name": "x", "age": 3})");
  EXPECT_EQ(choice_of(answered).at("finish_reason"), "stop");
}

// Of a stream the beginning is out; a whole answer shows what it is: text, and nothing to execute.
TEST_P(EveryToolFormat, ACallThatWasCutIsNotExecuted) {
  const std::string text = list_of(format_, {kAdd});
  server_.provider->say(text);
  for (size_t tokens = 1; tokens < text.size(); tokens++) {
    const std::string more =
        kTools + R"(, "tool_choice": "required", "max_tokens":)" + std::to_string(tokens);
    const json::value body = server_.post(kChat, chat(more)).json();
    EXPECT_EQ(choice_of(body).at("finish_reason"), "length");
    const Streamed all = put_together(server_.post(kChat, chat(more + R"(, "stream": true)")).body);
    EXPECT_EQ(all.reason, choice_of(body).at("finish_reason"));
    if (message_of(body).contains("tool_calls")) {  // only what closes the list was cut
      EXPECT_EQ(calls_of(message_of(body)), json::array(1, add_)) << tokens;
      EXPECT_EQ(all.calls, json::array(1, add_)) << tokens;
      continue;
    }
    // The last character may be a part of one.
    const std::string content(message_of(body).at("content").as_string());
    const std::string kept = content.substr(0, std::min(content.find("\xEF\xBF\xBD"), content.size()));
    EXPECT_TRUE(text.starts_with(kept) && kept.size() + 3 >= tokens) << tokens << ": " << content;
    if (!all.calls.empty()) {
      EXPECT_TRUE(
          kArguments.starts_with(std::string_view(all.calls[0].at("arguments").as_string()).substr(0, 10)));
    }
  }
}

TEST_P(EveryToolFormat, StreamsWithLogprobsSayTheSame) {
  server_.provider->say(list_of(format_, {kAdd, kNow}));
  EXPECT_EQ(calls_of(message_of(ask(server_, kTools + R"(, "tool_choice": "required", "logprobs": true)"))),
            (json::array{add_, now_}));
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryToolFormat,
                         testing::Values(&hermes_format(), &llama3_format(), &xlam_format(),
                                         &prompted_format()),
                         [](const auto& tested) { return std::string(tested.param->name); });

// The openai SDKs send messages back with what their helpers made of them.
TEST(StructuredOutput, ParsedMessagesAreTakenBack) {
  TestServer server;
  const char* body = R"({"model": "test-model", "messages": [{"role": "user", "content": "hi"},
      {"role": "assistant", "content": null, "refusal": null, "parsed": null, "tool_calls": [{"id": "call_1", "type": "function",
        "function": {"name": "add", "arguments": "{\"a\": 1}", "parsed_arguments": {"a": 1}}}]},
      {"role": "tool", "tool_call_id": "call_1", "content": "2"},
      {"role": "assistant", "content": "{\"b\": 2}", "parsed": {"b": 2}}, {"role": "user", "content": "and?"}]})";
  const TestResponse response = server.post(kChat, body);
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST(LoopGuard, IsOnUnlessItIsTurnedOff) {
  TestServer server;
  for (const char* more :
       {"", R"(, "loop_guard": false)", R"(, "ignore_eos": true, "max_tokens": 5)", R"(, "stream": true)"}) {
    EXPECT_EQ(server.post(kChat, chat(more)).status, 200) << more;
  }
  const std::vector<EngineRequest> submitted = server.provider->submitted();
  ASSERT_EQ(submitted.size(), 4u);
  EXPECT_TRUE(submitted[0].loop_guard && submitted[0].loop_guard->rewinds > 0);
  EXPECT_FALSE(submitted[1].loop_guard);
  EXPECT_FALSE(submitted[2].loop_guard);
  ASSERT_TRUE(submitted[3].loop_guard);
  EXPECT_EQ(submitted[3].loop_guard->rewinds, 0) << "what was sent cannot be taken back";
}

TEST(LoopGuard, ARewoundAnswerBeginsAnewAndSaysSo) {
  TestServer server;
  const std::string more = R"(, "logprobs": true)";
  const TestResponse response = server.post(
      kChat, R"({"model": "test-model", "messages": [{"role": "user", "content": "looping"}])" + more + "}");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::value body = response.json();
  EXPECT_EQ(message_of(body).at("content"), "Hello, world!");
  EXPECT_EQ(choice_of(body).at("logprobs").at("content").as_array().size(), 13u);
  EXPECT_EQ(choice_of(body).at("loops"),
            json::parse(R"([{"action": "rewound", "begin": 2, "length": 4, "period": 1, "text": "l"}])"));
  EXPECT_FALSE(choice_of(server.post(kChat, chat("")).json()).contains("loops"));
}

TEST(LoopGuard, FieldsOfTheSamplerAreRead) {
  TestServer server;
  const char* more =
      R"(, "dry_multiplier": 0.5, "dry_base": 2, "dry_allowed_length": 3, "dry_penalty_last_n": 64,)"
      R"("no_repeat_ngram_size": 4)";
  EXPECT_EQ(server.post(kChat, chat(more)).status, 200);
  const SamplingParams sampling = server.provider->submitted().at(0).sampling;
  EXPECT_EQ(sampling.dry_multiplier, 0.5f);
  EXPECT_EQ(sampling.dry_base, 2.0f);
  EXPECT_EQ(sampling.dry_allowed_length, 3);
  EXPECT_EQ(sampling.dry_penalty_last_n, 64);
  EXPECT_EQ(sampling.no_repeat_ngram, 4);
  for (const char* field :
       {"dry_multiplier", "dry_allowed_length", "no_repeat_ngram_size", "dry_base", "loop_guard"}) {
    const TestResponse response = server.post(kChat, chat(",\"" + std::string(field) + "\": -1"));
    EXPECT_EQ(response.status, 400) << field;
    EXPECT_EQ(response.json().at("error").at("param"), json::value(field));
  }
}

}  // namespace
}  // namespace understudy
