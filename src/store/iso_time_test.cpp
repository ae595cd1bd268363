#include "store/iso_time.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(IsoTime, ReadsWhatProgramsWrite) {
  constexpr int64_t kNoon = 1'769'860'800'000;  // date -u -d 2026-01-31T12:00:00Z +%s
  for (const char* text :
       {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00", "2026-01-31 12:00", "2026-01-31T12:00:00.000000Z",
        "2026-01-31T14:00:00+02:00", "2026-01-31T07:30:00-0430", "2026-01-31T12:00:00.0004999Z"}) {
    EXPECT_EQ(parse_iso_ms(text), kNoon) << text;
  }
  EXPECT_EQ(parse_iso_ms("2026-01-31"), kNoon - 12 * 3'600'000);
  EXPECT_EQ(parse_iso_ms("2026-01-31T12:00:00.25Z"), kNoon + 250);
  EXPECT_EQ(parse_iso_ms("1970-01-01"), 0);
  EXPECT_EQ(iso_of_ms(kNoon + 7), "2026-01-31T12:00:00.007Z");
}

TEST(IsoTime, RefusesTheRest) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-30", "2026-01-31T", "2026-01-31T25:00",
                           "2026-01-31T12:60", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00Zx",
                           "2026-01-31T12:00:00+2", "1969-12-31", "31.01.2026", "1970-01-01T00:00+01:00"}) {
    EXPECT_EQ(parse_iso_ms(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace understudy
