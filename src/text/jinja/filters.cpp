#include "text/jinja/filters.h"

namespace understudy::jinja {

FilterFunction find_filter(std::string_view name) {
  for (const auto filters : {text_filters(), number_filters(), list_filters(), order_filters()}) {
    for (const auto& candidate : filters) {
      if (candidate.name == name) return candidate.filter;
    }
  }
  return nullptr;
}

Result<Value> apply_filter(Runtime& runtime, std::string_view name, const Value& value,
                           const Arguments& arguments) {
  const FilterFunction filter = find_filter(name);
  if (!filter) {
    return Error{ErrorCode::unsupported, "the filter '" + std::string(name) + "' is not supported", "", ""};
  }
  return filter(runtime, value, arguments);
}

}  // namespace understudy::jinja
