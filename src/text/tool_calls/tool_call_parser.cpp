#include "text/tool_calls/tool_call_parser.h"

#include <utility>

namespace understudy {

void ToolAnswer::add(const std::vector<ToolCallEvent>& events) {
  using Kind = ToolCallEvent::Kind;
  for (const ToolCallEvent& event : events) {
    switch (event.kind) {
      case Kind::text:
        content += event.text;
        break;
      case Kind::begin:
        open_ = {event.text, ""};
        break;
      case Kind::arguments:
        open_.arguments += event.text;
        break;
      case Kind::end:
        calls.push_back(std::exchange(open_, {}));
        break;
      case Kind::incomplete:
        content += event.text;
        incomplete = true;
        break;
    }
  }
}

}  // namespace understudy
