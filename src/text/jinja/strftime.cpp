#include <array>

#include "text/jinja/functions.h"

namespace understudy::jinja {
namespace {

constexpr size_t kMaxFormatBytes = 256;
constexpr size_t kMaxTimeBytes = 4096;  // the longest directive (%A, %c) gives 24 bytes for 2
// What the C locale defines and Python passes on. %Z and %z are empty for Python's naive times.
constexpr std::string_view kDirectives = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyY%";

}  // namespace

Result<std::string> format_time(std::string_view format, std::time_t time) {
  if (format.size() > kMaxFormatBytes) {
    return type_error("strftime_now(): the format is longer than " + std::to_string(kMaxFormatBytes) +
                      " bytes");
  }
  for (size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 1)) {
    ++at;
    if (at < format.size() && format[at] == '-') ++at;  // glibc: without padding
    if (at >= format.size() || kDirectives.find(format[at]) == std::string_view::npos) {
      return Error{ErrorCode::unsupported,
                   "strftime_now(): a directive of '" + std::string(format) + "' is not supported", "", ""};
    }
  }
  std::tm utc{};
  if (!gmtime_r(&time, &utc)) return type_error("strftime_now(): the time is out of range");
  std::array<char, kMaxTimeBytes> buffer;
  const size_t size = std::strftime(buffer.data(), buffer.size(), std::string(format).c_str(), &utc);
  return std::string(buffer.data(), size);
}

}  // namespace understudy::jinja
