#include "gateway/ledger/stream_assembler.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace understudy {
namespace {

namespace json = boost::json;

std::string event(const json::value& value) { return "data: " + json::serialize(value) + "\n\n"; }

json::value chunk(json::object delta, const json::value& reason = nullptr, int index = 0) {
  return {{"id", "c"},
          {"object", "chat.completion.chunk"},
          {"model", "m"},
          {"choices", {{{"index", index}, {"delta", std::move(delta)}, {"finish_reason", reason}}}}};
}

TEST(StreamAssembler, JoinsToolCallsAndChoices) {
  StreamAssembler stream;
  stream.add(event(chunk({{"role", "assistant"}, {"content", nullptr}})));
  stream.add(event(chunk({{"tool_calls",
                           {{{"index", 0},
                             {"id", "t"},
                             {"type", "function"},
                             {"function", {{"name", "set"}, {"arguments", ""}}}}}}})));
  stream.add(event(chunk({{"tool_calls", {{{"index", 0}, {"function", {{"arguments", "{\"on\":"}}}}}}})));
  stream.add(event(chunk({{"tool_calls", {{{"index", 0}, {"function", {{"arguments", "true}"}}}}}}})));
  stream.add(event(chunk({{"content", "second"}}, nullptr, 1)));
  stream.add(event(chunk({}, "tool_calls")));
  stream.add("data: [DONE]\n\n");
  EXPECT_TRUE(stream.done());
  const json::value whole = json::parse(stream.response());
  EXPECT_EQ(whole.at("object"), "chat.completion");
  const json::value& first = whole.at("choices").at(0);
  EXPECT_EQ(first.at("finish_reason"), "tool_calls");
  const json::value expected{
      {"id", "t"}, {"type", "function"}, {"function", {{"name", "set"}, {"arguments", "{\"on\":true}"}}}};
  EXPECT_EQ(first.at("message").at("tool_calls").at(0), expected);
  EXPECT_EQ(whole.at("choices").at(1).at("message").at("content"), "second");
}

TEST(StreamAssembler, JoinsTextCompletionsCutAnywhere) {
  std::string bytes;
  for (const char* text : {"a", "b", "c"}) {
    bytes += event({{"object", "text_completion"},
                    {"choices", {{{"index", 0}, {"text", text}, {"finish_reason", nullptr}}}}});
  }
  StreamAssembler stream;
  for (const char c : bytes) stream.add({&c, 1});
  EXPECT_EQ(json::parse(stream.response()).at("choices").at(0).at("text"), "abc");
}

TEST(StreamAssembler, KeepsWhatItDoesNotKnow) {
  StreamAssembler stream;
  stream.add(
      "event: x\ndata: {\"type\":\"response.created\"}\n\ndata: {\"type\":\"done\"}\n\ndata: broken\n\n");
  EXPECT_EQ(json::parse(stream.response()).at("events").as_array().size(), 2u);
  StreamAssembler nothing;
  nothing.add("no event at all");
  EXPECT_EQ(nothing.response(), "");
}

}  // namespace
}  // namespace understudy
