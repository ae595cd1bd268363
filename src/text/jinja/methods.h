// Methods of strings, dicts, lists and loops. A method that Python has and this interpreter has not is bound
// all the same (so that `x.name is defined` holds as in jinja2) and is an Error{unsupported} when called.
#pragma once

#include <optional>
#include <span>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

// Nothing when the type of `object` has no method `name`.
std::optional<Value> bind_method(const Value& object, std::string_view name);

using MethodFunction = Result<Value> (*)(Runtime&, const Value& self, const Arguments&);
struct Method {
  std::string_view name;
  MethodFunction call;
};
std::span<const Method> text_methods();  // text_methods.cpp

}  // namespace understudy::jinja
