#include "text/normal_form.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

std::string utf8(const char8_t* text) { return reinterpret_cast<const char*>(text); }

// Expected values: unicodedata.normalize('NFC', ...) of Python 3.11.
TEST(Nfc, ComposesAndOrders) {
  EXPECT_EQ(to_nfc("plain"), "plain");
  EXPECT_EQ(to_nfc(utf8(u8"e\u0301")), utf8(u8"\u00E9"));
  EXPECT_EQ(to_nfc(utf8(u8"a\u0323\u0302")), utf8(u8"\u1EAD"));
  EXPECT_EQ(to_nfc(utf8(u8"a\u0302\u0323")), utf8(u8"\u1EAD"));       // marks in another order
  EXPECT_EQ(to_nfc(utf8(u8"\u1100\u1161\u11A8")), utf8(u8"\uAC01"));  // Hangul
  EXPECT_EQ(to_nfc(utf8(u8"\u212B\u2126")), utf8(u8"\u00C5\u03A9"));  // singletons
  EXPECT_EQ(to_nfc(utf8(u8"\u0958")), utf8(u8"\u0915\u093C"));        // composition exclusion
  EXPECT_EQ(to_nfc(utf8(u8"\uFB01")), utf8(u8"\uFB01"));              // compatibility only: unchanged
  EXPECT_EQ(to_nfc(utf8(u8"x\u0345\u0301\u0316")), utf8(u8"x\u0316\u0301\u0345"));
}

TEST(Nfc, OrdersAMillionMarks) {  // utf8proc's own ordering would take minutes
  std::string marks = "a";
  for (int i = 0; i < 250'000; ++i) marks += utf8(u8"\u0301\u0316");
  const std::string ordered = to_nfc(marks);
  EXPECT_EQ(ordered.substr(0, 3), utf8(u8"\u00E1").substr(0, 2) + utf8(u8"\u0316").substr(0, 1));
  EXPECT_EQ(ordered.size(), marks.size() - 1);  // the first U+0301 joined the a: 2 bytes for 3
}

}  // namespace
}  // namespace understudy
