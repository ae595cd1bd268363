// The first byte picks a format, the second where the text is cut: however it is cut, the answer is the same.
#include "require.h"
#include "text/tool_calls/tool_call_format.h"

using understudy::require;

namespace {

constexpr std::string_view kTemplates[] = {
    "<tool_call>\"arguments", "{\"name\": function name, \"parameters\":", ""};

understudy::ToolAnswer parsed(const understudy::ToolCallFormat& format, std::string_view text, size_t cut) {
  const auto parser = format.make_parser({});
  understudy::ToolAnswer answer;
  answer.add(parser->push(text.substr(0, cut)));
  answer.add(parser->push(text.substr(cut)));
  answer.add(parser->finish(false));
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto& format = understudy::tool_call_format_of(kTemplates[data[0] % std::size(kTemplates)]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const understudy::ToolAnswer whole = parsed(format, text, text.size());
  const understudy::ToolAnswer cut = parsed(format, text, text.empty() ? 0 : data[1] % text.size());
  require(whole.content == cut.content && whole.calls == cut.calls && whole.incomplete == cut.incomplete);
  return 0;
}
