// Dates in text, as prompts write them: 2026-11-22, 2026-11-22T10:30:00Z, 2026/11/22, 22.11.2026, 11/22/2026,
// November 22, 2026, 22nd Nov 2026.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace understudy {

struct Date {
  size_t length = 0;      // bytes
  int64_t day = 0;        // since 1970-01-01
  int64_t other_day = 0;  // the same unless day and month can be exchanged (03/04/2026)
};

// The date that starts at `pos` of `text`, which is not inside a word; with its time of day after a 'T'.
std::optional<Date> date_at(std::string_view text, size_t pos);

// Whether `value` is nothing but a date, a time of day, the name of a weekday or of a month.
bool is_date_or_time(std::string_view value);

}  // namespace understudy
