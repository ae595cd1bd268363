// The tests of `value is name(arguments)`.
#pragma once

#include <string_view>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

using TestFunction = Result<bool> (*)(Runtime&, const Value& value, const Arguments&);
// Null for an unknown name.
TestFunction find_test(std::string_view name);
Result<bool> apply_test(Runtime& runtime, std::string_view name, const Value& value,
                        const Arguments& arguments);

}  // namespace understudy::jinja
