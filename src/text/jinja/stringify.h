// Python's str() and repr() of a value. Untrusted bytes stay untrusted; brackets, quotes and commas are the
// template's.
#pragma once

#include <string>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

Result<TextPtr> to_text(Runtime& runtime, const Value& value);  // str(value)
Result<TextPtr> to_repr(Runtime& runtime, const Value& value);
Status append_text(Runtime& runtime, TextBuilder& out, const Value& value);
Status append_repr(Runtime& runtime, TextBuilder& out, const Value& value);

// Python's repr(float): the fewest digits that read back as the same number.
std::string float_repr(double value);

}  // namespace understudy::jinja
