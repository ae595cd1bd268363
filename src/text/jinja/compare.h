// Python's ==, <, `in` on values.
#pragma once

#include "text/jinja/runtime.h"

namespace understudy::jinja {

Result<bool> equal(Runtime& runtime, const Value& a, const Value& b);
// Negative, zero or positive. Error for values that Python does not order.
Result<int> compare(Runtime& runtime, const Value& a, const Value& b);
Result<bool> contains(Runtime& runtime, const Value& container, const Value& item);
// First occurrence of `needle` at or after `from`, in linear time; npos when absent.
size_t find_bytes(std::string_view text, std::string_view needle, size_t from);

// Stable; keys must be ordered among each other. NaN comes first.
Result<std::vector<Value>> sort_by(Runtime& runtime, std::vector<Value> items, const std::vector<Value>& keys,
                                   bool reverse);

}  // namespace understudy::jinja
