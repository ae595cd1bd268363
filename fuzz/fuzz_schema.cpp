// Input: a schema, a line feed, a text. Any schema is an error with a reason or a grammar; where the text is accepted, each
// of its beginnings can be completed, by a text that is accepted from its start again.
#include <string>

#include "base/json.h"
#include "grammar/matcher.h"
#include "grammar/schema_compiler.h"
#include "require.h"

using understudy::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = std::min(input.find('\n'), input.size());
  auto schema = understudy::parse_json(input.substr(0, split));
  if (!schema.ok()) return 0;
  auto values = understudy::compile_schema(std::move(*schema), {.budget = 100'000});
  if (!values.ok()) {
    require(!values.error().what.empty());
    return 0;
  }
  const auto grammar = std::make_shared<const understudy::Grammar>(std::move(*values));
  understudy::Matcher matcher(grammar, nullptr);
  const std::string_view text = input.substr(std::min(split + 1, input.size()));
  std::string accepted;
  for (const char byte : text.substr(0, 256)) {
    if (!matcher.accept(std::string_view(&byte, 1))) break;
    accepted += byte;
  }
  const std::string rest = matcher.closing();
  if (rest.empty() && !matcher.can_end()) return 0;  // longer than closing() goes
  understudy::Matcher again(grammar, nullptr);
  require(again.accept(accepted + rest) && again.can_end());
  return 0;
}
