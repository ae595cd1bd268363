#include "store/iso_time.h"

#include <fmt/format.h>

#include <chrono>

namespace understudy {
namespace {

constexpr int64_t kMsPerMinute = 60'000, kMsPerDay = 24 * 60 * kMsPerMinute;

// Takes pieces off the front of a text; after the first that is missing, everything fails.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}

  int digits(size_t count) {
    int value = 0;
    if (rest_.size() < count) ok_ = false;
    for (size_t i = 0; i < count && ok_; ++i) {
      ok_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return value;
  }
  void expect(char c) { ok_ = ok_ && take(c); }
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The milliseconds of a fraction of any length.
  int fraction_ms() {
    int ms = 0, scale = 100;
    bool any = false;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
         rest_.remove_prefix(1), scale /= 10, any = true) {
      ms += (rest_[0] - '0') * scale;
    }
    ok_ = ok_ && any;
    return ms;
  }
  bool at_end() const { return rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Minutes east of Greenwich.
int offset_minutes(Pieces& pieces) {
  if (pieces.take('Z') || pieces.at_end()) return 0;
  const int sign = pieces.take('-') ? -1 : 1;
  if (sign == 1) pieces.expect('+');
  const int hours = pieces.digits(2);
  pieces.take(':');
  return sign * (hours * 60 + pieces.digits(2));
}

}  // namespace

std::string iso_of_ms(int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<int64_t> parse_iso_ms(std::string_view text) {
  using namespace std::chrono;
  Pieces pieces(text);
  const int year = pieces.digits(4);
  pieces.expect('-');
  const int month = pieces.digits(2);
  pieces.expect('-');
  const int day = pieces.digits(2);
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!pieces.ok() || !date.ok()) return std::nullopt;
  int64_t ms = sys_days(date).time_since_epoch().count() * kMsPerDay;
  if (!pieces.at_end()) {
    if (!pieces.take('T')) pieces.expect(' ');
    const int hours = pieces.digits(2);
    pieces.expect(':');
    const int minutes = pieces.digits(2);
    const int seconds = pieces.take(':') ? pieces.digits(2) : 0;
    if (pieces.take('.')) ms += pieces.fraction_ms();
    if (hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
    ms += (hours * 60 + minutes) * kMsPerMinute + seconds * 1000;
    ms -= offset_minutes(pieces) * kMsPerMinute;
  }
  if (!pieces.ok() || !pieces.at_end() || ms < 0) return std::nullopt;
  return ms;
}

}  // namespace understudy
