#include "grammar/byte_dfa.h"

#include <gtest/gtest.h>

#include <random>

#include "grammar/regex.h"

namespace understudy {
namespace {

constexpr int32_t kDone = 7;

std::string utf8(uint32_t c) {
  std::string out;
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return out;
}

// As a writer of JSON with the shortest escapes spells it (RFC 8259, section 7).
std::string json(uint32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (c >= 0x20) return utf8(c);
  const char* digits = "0123456789abcdef";
  return std::string("\\u00") + digits[c / 16] + digits[c % 16];
}

int32_t label_after(const ByteDfa& dfa, std::string_view bytes) {
  int32_t state = 0;
  for (const char b : bytes) {
    state = dfa.next(state, static_cast<uint8_t>(b));
    if (state < 0) return ByteDfa::kDead;
  }
  return dfa.label[static_cast<size_t>(state)];
}

ByteDfa string_of(const Dfa& texts) {
  ByteDfaBuilder builder;
  builder.add_string(
      0, texts, [&, end = -1](int32_t) mutable { return end < 0 ? end = builder.add_state(kDone) : end; });
  return std::move(builder).build();
}

ByteDfa raw(const Dfa& texts) {
  ByteDfaBuilder builder;
  builder.add_raw(0, texts);
  return std::move(builder).build();
}

Dfa language(std::string_view pattern) {
  Budget budget(1'000'000);
  auto dfa = regex_dfa(pattern, budget);
  EXPECT_TRUE(dfa) << pattern;
  return std::move(*dfa);
}

std::vector<uint32_t> sample() {
  std::vector<uint32_t> out;
  for (uint32_t c = 0; c < 0x900; c++) out.push_back(c);
  for (uint32_t edge : {0xfffu, 0x1000u, 0xcfffu, 0xd000u, 0xd7ffu, 0xe000u, 0xfeffu, 0xffffu, 0x10000u,
                        0x1f600u, 0x3ffffu, 0x40000u, 0xfffffu, 0x100000u, 0x10ffffu}) {
    for (uint32_t c = edge - 2; c <= edge + 2; c++) {
      if ((c < 0xd800 || c > 0xdfff) && c <= kLastCodePoint) out.push_back(c);
    }
  }
  for (uint32_t c = 0x900; c <= kLastCodePoint; c += 257) {
    if (c < 0xd800 || c > 0xdfff) out.push_back(c);
  }
  return out;
}

TEST(ByteDfa, ReadsEveryCharacterAsJsonWritesIt) {
  const ByteDfa any = string_of(any_text()), bytes = raw(any_text());
  for (const uint32_t c : sample()) {
    EXPECT_EQ(label_after(any, json(c) + "\""), kDone) << c;
    EXPECT_EQ(label_after(any, "a" + json(c) + json(c) + "\""), kDone) << c;
    EXPECT_EQ(label_after(bytes, utf8(c)), 1) << c;
  }
}

TEST(ByteDfa, TellsCharactersApart) {
  const std::vector<uint32_t> all = sample();
  const std::pair<const char*, std::vector<std::pair<uint32_t, uint32_t>>> sets[] = {
      {"^[a\\u00e9\\u20ac\\u{1f600}]$", {{'a', 'a'}, {0xe9, 0xe9}, {0x20ac, 0x20ac}, {0x1f600, 0x1f600}}},
      {"^[\\u0000-\\u001f]$", {{0, 0x1f}}},
      {"^[\\u007e-\\u0081]$", {{0x7e, 0x81}}},
      {"^[\\u07ff-\\u0801]$", {{0x7ff, 0x801}}},
      {"^[\\ud7f0-\\ue00f]$", {{0xd7f0, 0xd7ff}, {0xe000, 0xe00f}}},
      {"^[\\uffff-\\u{10001}]$", {{0xffff, 0x10001}}},
      {"^[\\u{40001}-\\u{10fffe}]$", {{0x40001, 0x10fffe}}},
      {"^[\"\\\\/\\n]$", {{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'\n', '\n'}}},
  };
  for (const auto& [pattern, ranges] : sets) {
    const ByteDfa quoted = string_of(language(pattern)), plain = raw(language(pattern));
    for (const uint32_t c : all) {
      const bool expected =
          std::any_of(ranges.begin(), ranges.end(), [&](auto& r) { return r.first <= c && c <= r.second; });
      EXPECT_EQ(label_after(quoted, json(c) + "\"") == kDone, expected) << pattern << " " << c;
      EXPECT_EQ(label_after(plain, utf8(c)) > 0, expected) << pattern << " " << c;
    }
  }
}

TEST(ByteDfa, HasOneSpellingOfEachCharacter) {
  const ByteDfa any = string_of(any_text());
  for (const std::string_view text :
       {"\\/", "\\u0041", "\\u000a", "\\u0009", "\\u0008", "\\u0022", "\\u005c", "\\u001F", "\\u0020",
        "\\u007f", "\\ud83d\\ude00", "\\u00e9", "\\a", "\\'", "\\0", "\n", "\t", "\x1f"}) {
    EXPECT_EQ(label_after(any, text), ByteDfa::kDead) << text;
  }
  EXPECT_EQ(label_after(any, std::string("\0", 1)), ByteDfa::kDead);
}

TEST(ByteDfa, RefusesWhatIsNoUtf8) {
  const ByteDfa any = string_of(any_text()), bytes = raw(any_text());
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80", "\xff",
        "\xc3\"", "\xe2\x82\"", "\xc3(", "\xe2(", "\xf0\x9f("}) {
    EXPECT_EQ(label_after(any, text), ByteDfa::kDead) << text;
    EXPECT_EQ(label_after(bytes, text), ByteDfa::kDead) << text;
  }
}

TEST(ByteDfa, LabelsAreThoseOfTheTexts) {
  const Dfa texts = texts_dfa({code_points("a"), code_points("ab"), code_points("é")}, 3);
  const ByteDfa plain = raw(texts);
  EXPECT_EQ(label_after(plain, "a"), 3);
  EXPECT_EQ(label_after(plain, "ab"), 4);
  EXPECT_EQ(label_after(plain, "é"), 5);
  EXPECT_EQ(label_after(plain, "\xc3"), 0);
  EXPECT_TRUE(plain.goes_on[static_cast<size_t>(plain.next(0, 'a'))]);
  EXPECT_FALSE(plain.goes_on[static_cast<size_t>(plain.next(plain.next(0, 'a'), 'b'))]);
}

TEST(ByteDfa, KnowsWhatAStringStillNeeds) {
  ByteDfaBuilder builder;
  const int32_t end = builder.add_state(kDone);
  builder.add_string(0, language("^(abc|é)$"), [&](int32_t) { return end; });
  const ByteDfa dfa = std::move(builder).build(0, 3);
  EXPECT_TRUE(dfa.counted());
  EXPECT_EQ(dfa.needs[0], 1u);
  const int32_t a = dfa.next(0, 'a'), half = dfa.next(0, 0xc3);
  EXPECT_EQ(dfa.needs[static_cast<size_t>(a)], 2u);
  EXPECT_TRUE(dfa.boundary[static_cast<size_t>(a)]);
  EXPECT_EQ(dfa.needs[static_cast<size_t>(half)], 0u);
  EXPECT_FALSE(dfa.boundary[static_cast<size_t>(half)]);
}

TEST(ByteDfa, AgreesWithCodePointsOnRandomTexts) {
  std::mt19937 random(3);
  const uint32_t letters[] = {'a', 'b', '"', '\\', '\n', 1, 0x1f, 0xe9, 0x20ac, 0x1f600, '/'};
  for (const char* pattern :
       {"^(a|\\n)*$", "é.b", "^[^\"]*\\\\$", "^(\\u{1f600}|€\\u0001){1,3}$", "^\\W+$"}) {
    const Dfa texts = language(pattern);
    const ByteDfa quoted = string_of(texts);
    for (int i = 0; i < 3'000; i++) {
      std::vector<uint32_t> text;
      std::string bytes;
      for (size_t n = random() % 6; n > 0; n--) {
        text.push_back(letters[random() % std::size(letters)]);
        bytes += json(text.back());
      }
      EXPECT_EQ(label_after(quoted, bytes + "\"") == kDone, texts.label_of(text) > 0)
          << pattern << " " << bytes;
    }
  }
}

}  // namespace
}  // namespace understudy
