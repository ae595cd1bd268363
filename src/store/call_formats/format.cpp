#include "store/call_formats/format.h"

#include <fmt/format.h>

namespace understudy {
namespace {

constexpr const CallFormat* kFormats[] = {&kCallsFormat,    &kFlywheelFormat, &kLitellmFormat,
                                          &kLangfuseFormat, &kPairsFormat,    &kMessagesFormat};

}  // namespace

std::span<const CallFormat* const> call_formats() { return kFormats; }

Result<const CallFormat*> call_format_named(std::string_view name) {
  std::string names;
  for (const CallFormat* format : kFormats) {
    if (format->name == name) return format;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", format->name);
  }
  return Error{ErrorCode::invalid_argument, fmt::format("there is no form '{}'", name), "",
               "There are: " + names};
}

}  // namespace understudy
