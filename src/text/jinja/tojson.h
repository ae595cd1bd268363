// json.dumps() as transformers gives it to chat templates (not jinja2's own filter, which escapes HTML).
#pragma once

#include <optional>
#include <string>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<PromptText> indent;  // one level of indentation; absent: everything on one line
  PromptText item_separator{", ", {}}, key_separator{": ", {}};
};

// The filter: tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False).
Result<Value> to_json(Runtime& runtime, const Value& value, const Arguments& arguments);

}  // namespace understudy::jinja
