// The filters of `value | name(arguments)`.
#pragma once

#include <span>
#include <string_view>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

using FilterFunction = Result<Value> (*)(Runtime&, const Value& value, const Arguments&);
// Null for an unknown name.
FilterFunction find_filter(std::string_view name);
Result<Value> apply_filter(Runtime& runtime, std::string_view name, const Value& value,
                           const Arguments& arguments);

struct NamedFilter {
  std::string_view name;
  FilterFunction filter;
};
std::span<const NamedFilter> text_filters();    // filters_text.cpp
std::span<const NamedFilter> number_filters();  // filters_number.cpp
std::span<const NamedFilter> list_filters();    // filters_list.cpp
std::span<const NamedFilter> order_filters();   // filters_order.cpp

}  // namespace understudy::jinja
