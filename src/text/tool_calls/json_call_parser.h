// ToolCallParser of the formats whose calls are JSON objects, which differ in what stands around them.
//
// A group of calls begins with the format's marker anywhere, or at the start of a line with the call itself
// if its name is one of the tools': families without a marker write nothing else, and small models of those
// with one leave it out. In a group there may be several objects, or one JSON list of them, and then the
// closing tag if the marker was there. Each object that is valid is a call at its last byte, whatever
// follows: models end their answer without the closing tag or bracket too.
#pragma once

#include <memory>
#include <string_view>

#include "text/tool_calls/tool_call_parser.h"

namespace understudy {

struct JsonCallMarks {
  std::string_view marker;  // before the first call; may be "". Its first byte does not come again in it
  std::string_view close;   // behind the last call after a marker; may be ""
};

// `marks` must have static storage.
std::unique_ptr<ToolCallParser> make_json_call_parser(JsonCallMarks marks, ToolCallParserOptions options);

}  // namespace understudy
