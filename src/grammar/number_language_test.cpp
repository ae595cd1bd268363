#include "grammar/number_language.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>

namespace understudy {
namespace {

using Integer = boost::multiprecision::cpp_int;

Decimal decimal(const std::string& json) { return Decimal::of(boost::json::parse(json)); }

bool has(const Dfa& dfa, const std::string& text) { return dfa.label_of(code_points(text)) != 0; }

// The value of a text without exponent, times ten to the power of kPlaces.
constexpr size_t kPlaces = 12;
Integer scaled(const std::string& text) {
  std::string digits = text[0] == '-' ? text.substr(1) : text;
  const size_t point = std::min(digits.find('.'), digits.size());
  std::string fraction = digits.substr(std::min(point + 1, digits.size()));
  fraction.resize(kPlaces, '0');
  digits = digits.substr(0, point) + fraction;
  Integer out = 0;
  for (const char c : digits) out = out * 10 + (c - '0');
  return text[0] == '-' ? Integer(-out) : out;
}

std::string random_decimal(std::mt19937& random) {
  const auto digits = [&](size_t n) {
    std::string out;
    while (out.size() < n) out += "0123456789009"[random() % 13];
    return out;
  };
  std::string whole = digits(1 + random() % 4);
  while (whole.size() > 1 && whole[0] == '0') whole.erase(0, 1);
  return (random() % 3 == 0 ? "-" : "") + whole + (random() % 2 ? "." + digits(1 + random() % 4) : "");
}

std::string shortest(std::string text) {  // as a schema may write it: no double changes it
  return Decimal::of(boost::json::parse(text)).text();
}

TEST(Decimal, IsTheExactValueOfTheShortestText) {
  EXPECT_EQ(decimal("0").text(), "0");
  EXPECT_EQ(decimal("-0.0").text(), "0");
  EXPECT_EQ(decimal("-0.50").text(), "-0.5");
  EXPECT_EQ(decimal("1e3").text(), "1000");
  EXPECT_EQ(decimal("1.5e-7").text(), "0.00000015");
  EXPECT_EQ(decimal("9223372036854775807").text(), "9223372036854775807");
  EXPECT_EQ(decimal("18446744073709551615").text(), "18446744073709551615");
  EXPECT_EQ(decimal("-9223372036854775808").text(), "-9223372036854775808");
  EXPECT_EQ(decimal("1e308").text().size(), 309u);
  EXPECT_EQ(decimal("5e-324").text().size(), 326u);
}

TEST(NumberLanguage, SpellsNumbersAsJsonDoes) {
  for (const char* text : {"0", "-0", "1", "-12", "1.0", "0.50", "1e5", "1E+5", "1.5e-10", "-0.0e0"}) {
    EXPECT_TRUE(has(any_number(), text)) << text;
  }
  for (const char* text : {"", "-", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "1.e1", "0x1", "1 ", "١"}) {
    EXPECT_FALSE(has(any_number(), text)) << text;
  }
  for (const char* text : {"0", "7", "-1", "100"}) EXPECT_TRUE(has(any_integer(), text)) << text;
  for (const char* text : {"-0", "1.0", "1e2", "-", "00"}) EXPECT_FALSE(has(any_integer(), text)) << text;
  for (const char* text : {"0.5", "-1.01", "1.10"}) EXPECT_TRUE(has(any_fraction(), text)) << text;
  for (const char* text : {"0", "1.0", "-2.00", "1.5e1"}) EXPECT_FALSE(has(any_fraction(), text)) << text;
}

TEST(NumberLanguage, ComparesExactly) {
  std::mt19937 random(1);
  std::vector<std::string> bounds{"0",     "1",   "-1",    "10",         "-10", "0.1", "-0.1",
                                  "99.99", "100", "0.001", "-1234.5678", "9",   "0.09"};
  while (bounds.size() < 80) bounds.push_back(shortest(random_decimal(random)));
  std::vector<std::string> texts{"0", "-0", "0.0", "-0.0", "0.00"};
  for (const std::string& b : bounds) {  // the bounds themselves, in other spellings
    texts.push_back(b);
    texts.push_back(b + (b.find('.') == std::string::npos ? ".000" : "00"));
    texts.push_back(b + (b.find('.') == std::string::npos ? ".0001" : "01"));
  }
  while (texts.size() < 700) texts.push_back(random_decimal(random));
  for (const std::string& b : bounds) {
    const Integer bound = scaled(b);
    for (int which = 0; which < 8; which++) {
      const NumberOrder wanted{(which & 1) != 0, (which & 2) != 0, (which & 4) != 0};
      const Dfa dfa = compared_numbers(decimal(b), wanted);
      for (const std::string& text : texts) {
        const Integer value = scaled(text);
        const bool expected = value < bound ? wanted.less : value > bound ? wanted.greater : wanted.equal;
        ASSERT_EQ(has(dfa, text), expected) << text << " to " << b << " as " << which;
      }
      EXPECT_FALSE(has(dfa, "1e5"));
      EXPECT_FALSE(has(dfa, "01"));
      EXPECT_FALSE(has(dfa, "1."));
      EXPECT_FALSE(has(dfa, "-"));
    }
  }
}

TEST(NumberLanguage, MultiplesAreExact) {
  std::mt19937 random(2);
  std::vector<std::string> texts{"0", "-0", "0.0", "1", "1.0", "0.1", "0.30", "-0.3", "100.00"};
  while (texts.size() < 4'000) texts.push_back(random_decimal(random));
  for (const char* d : {"1", "2", "3", "7", "10", "16", "97", "1000", "0.1", "0.01", "0.5", "0.25", "2.5",
                        "1.5", "0.003", "12.34", "0.0001"}) {
    const Integer divisor = scaled(d);
    const auto multiple = multiples(decimal(d), true), other = multiples(decimal(d), false);
    ASSERT_TRUE(multiple && other) << d;
    for (const std::string& text : texts) {
      const bool expected = scaled(text) % divisor == 0;
      ASSERT_EQ(has(*multiple, text), expected) << text << " of " << d;
      ASSERT_EQ(has(*other, text), !expected) << text << " of " << d;
    }
    // Each multiple is met, however it is spelled.
    for (int i = -50; i < 50; i++) {
      std::string digits = Integer(divisor * std::abs(i)).str();
      digits.insert(0, digits.size() <= kPlaces ? kPlaces + 1 - digits.size() : 0, '0');
      digits.insert(digits.size() - kPlaces, ".");
      EXPECT_TRUE(has(*multiple, (i < 0 ? "-" : "") + digits)) << digits;
    }
  }
}

TEST(NumberLanguage, MultiplesOfTooManyRemaindersAreUnknown) {
  EXPECT_FALSE(multiples(decimal("1000003"), true));
  EXPECT_FALSE(multiples(decimal("123456.789"), false));
  EXPECT_FALSE(multiples(decimal("1e300"), true));
  EXPECT_FALSE(multiples(decimal("12345e-9"), true));
}

TEST(NumberLanguage, RangesMeetAtTheirEnds) {
  Budget budget(1'000'000);
  const Dfa low = compared_numbers(decimal("-2.5"), {false, true, true}),
            high = compared_numbers(decimal("10"), {true, false, false});
  auto range = intersect(low, high, budget);
  ASSERT_TRUE(range);
  auto integers = intersect(*range, any_integer(), budget);
  ASSERT_TRUE(integers);
  for (int i = -20; i < 120; i++) EXPECT_EQ(has(*integers, std::to_string(i)), i >= -2 && i < 10) << i;
  EXPECT_EQ(count_texts(*integers, 1'000)[0], 12u);
  EXPECT_TRUE(has(*range, "-2.50"));
  EXPECT_FALSE(has(*range, "-2.51"));
  EXPECT_TRUE(has(*range, "9.9999"));
  EXPECT_FALSE(has(*range, "10.0"));
}

TEST(NumberLanguage, ExactNumberIsOneText) {
  const Dfa dfa = exact_number(decimal("-1.50"));
  EXPECT_TRUE(has(dfa, "-1.5"));
  EXPECT_FALSE(has(dfa, "-1.50"));
  EXPECT_EQ(count_texts(dfa, 100)[0], 1u);
}

}  // namespace
}  // namespace understudy
