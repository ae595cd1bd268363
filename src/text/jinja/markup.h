// What `| safe` makes of a text: jinja2's markupsafe.Markup, which escapes the HTML of whatever it is joined
// with, also where nothing else escapes: {{ "'"|safe + x }} prints x with &lt; for <.
#pragma once

#include "text/jinja/runtime.h"

namespace understudy::jinja {

// `value`, which is what became of `origin`: text, or pieces of it, is safe if `origin` was.
Result<Value> keep_markup(Runtime& runtime, const Value& origin, Result<Value> value);

// a + b for texts of which at least one is safe.
Result<Value> add_markup(Runtime& runtime, const Value& a, const Value& b);

// Error{unsupported}, if `text` is safe: `operation` would escape what is put into it.
Status refuse_markup(const Value& text, std::string_view operation);

}  // namespace understudy::jinja
