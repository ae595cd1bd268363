#include "flywheel/dates.h"

#include <array>
#include <chrono>
#include <string>

namespace understudy {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Reads text from left to right; a failed step leaves the cursor where it was.
struct Cursor {
  std::string_view text;
  size_t pos;

  char peek() const { return pos < text.size() ? text[pos] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++pos;
    return true;
  }
  // A number of least..most digits that ends there.
  std::optional<int> number(size_t least, size_t most) {
    size_t end = pos;
    int value = 0;
    while (end < text.size() && is_digit(text[end]) && end - pos <= most)
      value = value * 10 + (text[end++] - '0');
    if (end - pos < least || end - pos > most) return std::nullopt;
    pos = end;
    return value;
  }
  // A month by its name or its first three letters: 1 to 12.
  std::optional<unsigned> month() {
    size_t end = pos;
    std::string word;
    while (end < text.size() && is_letter(text[end]) && word.size() < 10) {
      word += static_cast<char>(text[end++] | 0x20);
    }
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (word != kMonths[i] && word != kMonths[i].substr(0, 3)) continue;
      pos = end;
      take('.');
      return i + 1;
    }
    return std::nullopt;
  }
  void ordinal() {
    for (const std::string_view suffix : {"st", "nd", "rd", "th"}) {
      if (text.substr(pos).starts_with(suffix)) {
        pos += suffix.size();
        return;
      }
    }
  }
};

std::optional<int64_t> day_of(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || year < 1900 || year > 2199) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// A date that ends where the cursor is and may be read as either day.
std::optional<Date> whole(const Cursor& cursor, size_t begin, std::optional<int64_t> day,
                          std::optional<int64_t> other_day) {
  if ((!day && !other_day) || is_digit(cursor.peek()) || is_letter(cursor.peek())) return std::nullopt;
  return Date{cursor.pos - begin, day ? *day : *other_day, other_day ? *other_day : *day};
}

// yyyy-mm-dd and yyyy/mm/dd, with Thh:mm... behind.
std::optional<Date> year_first(Cursor cursor) {
  const size_t begin = cursor.pos;
  const auto year = cursor.number(4, 4);
  const char separator = cursor.peek();
  if (!year || (separator != '-' && separator != '/')) return std::nullopt;
  ++cursor.pos;
  const auto month = cursor.number(2, 2);
  if (!month || !cursor.take(separator)) return std::nullopt;
  const auto day = cursor.number(2, 2);
  if (!day) return std::nullopt;
  if (cursor.peek() == 'T' && cursor.pos + 1 < cursor.text.size() && is_digit(cursor.text[cursor.pos + 1])) {
    do ++cursor.pos;
    while (is_digit(cursor.peek()) || cursor.peek() == ':' || cursor.peek() == '+' ||
           (cursor.peek() == '.' && cursor.pos + 1 < cursor.text.size() &&
            is_digit(cursor.text[cursor.pos + 1])));
    cursor.take('Z');
  }
  const auto date = day_of(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day));
  return whole(cursor, begin, date, date);
}

// dd.mm.yyyy, and dd/mm/yyyy or mm/dd/yyyy.
std::optional<Date> year_last(Cursor cursor) {
  const size_t begin = cursor.pos;
  const auto first = cursor.number(1, 2);
  const char separator = cursor.peek();
  if (!first || (separator != '.' && separator != '/' && separator != '-')) return std::nullopt;
  ++cursor.pos;
  const auto second = cursor.number(1, 2);
  if (!second || !cursor.take(separator)) return std::nullopt;
  const auto year = cursor.number(4, 4);
  if (!year) return std::nullopt;
  const auto a = static_cast<unsigned>(*first), b = static_cast<unsigned>(*second);
  return whole(cursor, begin, day_of(*year, b, a), day_of(*year, a, b));
}

// "22 November 2026", "22nd of Nov 2026", "November 22nd, 2026".
std::optional<Date> with_name(Cursor cursor) {
  const size_t begin = cursor.pos;
  std::optional<int> day;
  std::optional<unsigned> month;
  if (is_digit(cursor.peek())) {
    day = cursor.number(1, 2);
    if (!day) return std::nullopt;
    cursor.ordinal();
    if (!cursor.take(' ') && !cursor.take('-')) return std::nullopt;
    month = cursor.month();
    if (!month) return std::nullopt;
  } else {
    month = cursor.month();
    if (!month || !cursor.take(' ')) return std::nullopt;
    day = cursor.number(1, 2);
    if (!day) return std::nullopt;
    cursor.ordinal();
  }
  cursor.take(',');
  if (!cursor.take(' ') && !cursor.take('-')) return std::nullopt;
  const auto year = cursor.number(4, 4);
  if (!year) return std::nullopt;
  const auto date = day_of(*year, *month, static_cast<unsigned>(*day));
  return whole(cursor, begin, date, date);
}

bool is_time(std::string_view value) {
  size_t colons = 0;
  for (const char c : value) {
    if (c == ':') {
      ++colons;
    } else if (!is_digit(c) && c != '.') {
      return false;
    }
  }
  return colons >= 1 && colons <= 2 && value.size() >= 4 && is_digit(value.front()) && is_digit(value.back());
}

}  // namespace

std::optional<Date> date_at(std::string_view text, size_t pos) {
  const Cursor cursor{text, pos};
  if (is_digit(cursor.peek())) {
    if (auto date = year_first(cursor)) return date;
    if (auto date = year_last(cursor)) return date;
    return with_name(cursor);
  }
  return is_letter(cursor.peek()) ? with_name(cursor) : std::nullopt;
}

bool is_date_or_time(std::string_view value) {
  if (value.empty()) return false;
  const auto date = date_at(value, 0);
  if (date && date->length == value.size()) return true;
  if (is_time(value)) return true;
  std::string name;
  for (const char c : value.substr(0, 12)) name += is_letter(c) ? static_cast<char>(c | 0x20) : c;
  for (const std::string_view weekday : kWeekdays) {
    if (name == weekday || name == weekday.substr(0, 3)) return true;
  }
  for (const std::string_view month : kMonths) {
    if (name == month || name == month.substr(0, 3)) return true;
  }
  return false;
}

}  // namespace understudy
