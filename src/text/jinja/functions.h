// The global functions of chat templates: range, namespace, dict, raise_exception, strftime_now.
#pragma once

#include <string_view>
#include <vector>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

const std::vector<std::pair<std::string_view, Value>>& global_functions();

// strftime(format) of a time in UTC: what depends on the machine's locale or time zone is Error{unsupported}.
Result<std::string> format_time(std::string_view format, std::time_t time);

}  // namespace understudy::jinja
