// The text of an answer -> content and calls of tools, while the answer streams.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

struct ToolCall {
  std::string name;
  std::string arguments;  // JSON text of an object, byte for byte as the model wrote it
  bool operator==(const ToolCall&) const = default;
};

struct ToolCallEvent {
  enum class Kind {
    text,        // content
    begin,       // `text` is the name of call `index`
    arguments,   // a part of its arguments
    end,         // it is complete: the arguments are a JSON object by the rules of base/json.h
    incomplete,  // a call that never ended and must not be executed; see ToolCallParser::finish()
  };
  Kind kind = Kind::text;
  size_t index = 0;  // of the call, from 0; of text: unused
  std::string text;
  bool operator==(const ToolCallEvent&) const = default;
};

struct ToolCallParserOptions {
  // Names of the tools. What stands in the text without a format's marker is a call only if it names one of
  // these, so that other JSON stays content; with an empty list, every name is a tool's.
  std::vector<std::string> names;
  // Give arguments out while they are written. Without it a call's events come together once the call is
  // valid, so that what turns out to be no call is content; with it, what turns out wrong after its `begin`
  // is `incomplete`. For answers that a grammar keeps valid.
  bool stream_arguments = false;
  // What has arguments before a name is no call. For answers under a grammar, which locks arguments behind the name of
  // their tool and leaves other JSON alone.
  bool name_first = false;
};

// One per answer; not thread-safe. The text may come in any pieces: how it is cut changes only how text and
// arguments are spread over events, never what they add up to or their order. What looks like a call but is
// none is content, byte for byte. White space between content and a call, between calls and behind the last
// one belongs to their spelling and is dropped. Never throws on any input; time O(bytes) but for the
// O(n log n) of parse_json, memory bounded by kMaxToolCallBytes and what parse_json needs for that.
class ToolCallParser {
 public:
  virtual ~ToolCallParser() = default;
  virtual std::vector<ToolCallEvent> push(std::string_view text) = 0;
  // The end of the answer; nothing may be pushed after it. `truncated`: the answer was cut (finish_reason
  // "length") instead of ended by the model. Then a call that is not complete is `incomplete`, with all that
  // the model wrote of it in `text` unless its `begin` was given out before. An answer that ends on its own
  // inside a call had none: its text is content.
  virtual std::vector<ToolCallEvent> finish(bool truncated) = 0;
};

// Longer calls are content: as much as 64 k tokens say, and parse_json takes at most 10 MiB for them.
inline constexpr size_t kMaxToolCallBytes = size_t{1} << 18;

// The events of an answer put together.
struct ToolAnswer {
  std::string content;
  std::vector<ToolCall> calls;  // complete ones
  bool incomplete = false;      // there was an incomplete call; its text is part of `content`

  void add(const std::vector<ToolCallEvent>& events);

 private:
  ToolCall open_;
};

}  // namespace understudy
