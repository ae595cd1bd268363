// object.name, object[key] and object[start:stop:step], with jinja2's order of looking: `.name` prefers
// methods over dict keys, `[key]` prefers keys. What does not exist is undefined, not an error.
#pragma once

#include <optional>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

Result<Value> get_attribute(Runtime& runtime, const Value& object, std::string_view name);
Result<Value> get_item(Runtime& runtime, const Value& object, const Value& key);
// Absent bounds are none.
Result<Value> get_slice(Runtime& runtime, const Value& object, const Value& start, const Value& stop,
                        const Value& step);
// "user.name" or 0: a path of items, as the attribute= of filters takes it. `otherwise` replaces each
// undefined item on the way, unless null.
Result<Value> get_path(Runtime& runtime, Value object, const Value& path, const Value* otherwise = nullptr);

}  // namespace understudy::jinja
