// Python's two formatting languages, as far as chat templates go: "%s, %d" % values and "{},
// {name}".format(…).
#pragma once

#include "text/jinja/runtime.h"

namespace understudy::jinja {

// Conversions s r d i f x X %, flags - 0, width and precision; the value is a tuple, a dict ("%(name)s") or
// one value.
Result<Value> format_percent(Runtime& runtime, const PromptText& format, const Value& value);

// {} {0} {name} {name.attribute} {name[key]}; format specifications (after ':') and conversions (after '!')
// are Error{unsupported}.
Result<Value> format_braces(Runtime& runtime, const PromptText& format, const Arguments& arguments);

}  // namespace understudy::jinja
