// Answers of a format with what they must be parsed to, checked however the text is cut.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "text/tool_calls/tool_call_format.h"

namespace understudy {

struct GoldenAnswer {
  std::string title;
  std::string text;
  std::string content;
  std::vector<ToolCall> calls = {};
  bool truncated = false;
  bool incomplete = false;
};

// Tools of the golden answers.
inline const std::vector<std::string> kGoldenTools = {"get_weather", "now", "search-web", "f"};

// Neighbours of one kind put together: what may not depend on how the text is cut.
inline std::vector<ToolCallEvent> merged(const std::vector<ToolCallEvent>& events) {
  using Kind = ToolCallEvent::Kind;
  std::vector<ToolCallEvent> whole;
  for (const ToolCallEvent& event : events) {
    bool grows = event.kind == Kind::text || event.kind == Kind::arguments;
    if (grows && !whole.empty() && whole.back().kind == event.kind && whole.back().index == event.index) {
      whole.back().text += event.text;
    } else {
      whole.push_back(event);
    }
  }
  return whole;
}

inline std::vector<ToolCallEvent> events_of(ToolCallParser& parser,
                                            const std::vector<std::string_view>& pieces, bool truncated) {
  std::vector<ToolCallEvent> events;
  for (std::string_view piece : pieces) {
    for (ToolCallEvent& event : parser.push(piece)) events.push_back(std::move(event));
  }
  for (ToolCallEvent& event : parser.finish(truncated)) events.push_back(std::move(event));
  return merged(events);
}

// Whole, byte by byte and in two at every byte; arguments together and streamed.
inline void expect_golden(const ToolCallFormat& format, const std::vector<GoldenAnswer>& answers) {
  for (const GoldenAnswer& golden : answers) {
    SCOPED_TRACE(std::string(format.name) + ": " + golden.title);
    const std::string_view text = golden.text;
    for (const bool streamed : {false, true}) {
      const auto events = [&](const std::vector<std::string_view>& pieces) {
        auto parser = format.make_parser({kGoldenTools, streamed});
        return events_of(*parser, pieces, golden.truncated);
      };
      const std::vector<ToolCallEvent> whole = events({text});
      std::vector<std::string_view> bytes;
      for (size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
      EXPECT_EQ(events(bytes), whole);
      for (size_t cut = 0; cut <= text.size(); ++cut) {
        ASSERT_EQ(events({text.substr(0, cut), text.substr(cut)}), whole) << "cut at " << cut;
      }
      ToolAnswer answer;
      answer.add(whole);
      EXPECT_EQ(answer.calls, golden.calls);
      if (streamed) continue;  // what breaks after its `begin` is not content then
      EXPECT_EQ(answer.content, golden.content);
      EXPECT_EQ(answer.incomplete, golden.incomplete);
    }
  }
}

// An answer of `calls` as the format spells it.
inline std::string spelled(const ToolCallFormat& format, const std::vector<ToolCall>& calls) {
  const ToolCallSpelling& s = format.spelling;
  std::string text(s.list_open);
  for (const ToolCall& call : calls) {
    if (&call != &calls.front()) text += s.separator;
    text += std::string(s.before_name) + call.name + std::string(s.before_arguments) + call.arguments +
            std::string(s.after_arguments);
  }
  return text + std::string(s.list_close);
}

}  // namespace understudy
