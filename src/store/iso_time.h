// Times as people and other programs write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy {

// "2026-01-31T12:00:00.000Z".
std::string iso_of_ms(int64_t unix_ms);

// ISO 8601 as programs write it: a date, or a date, 'T' or a blank, hours and minutes, then seconds, a fraction and
// 'Z', "+02:00" or "+0200" as far as they are there; UTC without an offset. nullopt if it is anything else or
// before 1970.
std::optional<int64_t> parse_iso_ms(std::string_view text);

}  // namespace understudy
