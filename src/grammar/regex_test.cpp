#include "grammar/regex.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>

namespace understudy {
namespace {

Dfa compiled(std::string_view pattern) {
  Budget budget(3'000'000);
  auto dfa = regex_dfa(pattern, budget);
  EXPECT_TRUE(dfa) << pattern << " " << dfa.error().message();
  return dfa ? std::move(*dfa) : no_text();
}

bool matches(std::string_view pattern, std::string_view text) {
  return compiled(pattern).label_of(code_points(text)) != 0;
}

std::string refusal(std::string_view pattern) {
  Budget budget(3'000'000);
  const auto dfa = regex_dfa(pattern, budget);
  return dfa ? "" : dfa.error().message();
}

// All texts over a, b, c and the line break of at most `length` characters.
std::vector<std::string> short_texts(size_t length) {
  std::vector<std::string> out{""};
  for (size_t i = 0; i < out.size(); i++) {
    if (out[i].size() == length) break;
    for (const char c : {'a', 'b', 'c', '\n'}) out.push_back(out[i] + c);
  }
  return out;
}

std::string random_pattern(std::mt19937& random, int depth) {
  const auto upto = [&](unsigned n) { return static_cast<unsigned>(random() % (n + 1)); };
  std::string out;
  for (unsigned parts = 1 + upto(2); parts > 0; parts--) {
    std::string atom;
    bool assertion = false;
    switch (upto(depth > 0 ? 10 : 7)) {
      case 0:
      case 1:
        atom = "a";
        break;
      case 2:
        atom = "b";
        break;
      case 3:
        atom = ".";
        break;
      case 4:
        atom = upto(1) ? "[ab]" : "[^b]";
        break;
      case 5:
        atom = upto(1) ? "\\w" : "\\s";
        break;
      case 6:
        atom = upto(1) ? "[a-c]" : "\\n";
        break;
      case 7:
        atom = upto(1) ? "^" : "$";
        assertion = true;
        break;
      default: {
        atom = std::string(upto(1) ? "(" : "(?:") + random_pattern(random, depth - 1);
        if (upto(1)) atom += "|" + random_pattern(random, depth - 1);
        atom += ")";
      }
    }
    const char* counts[] = {"*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?", "{0}"};
    out += atom;
    if (!assertion && upto(2) == 0) out += counts[upto(8)];
  }
  return out;
}

// The standard library's ECMAScript has the same meaning for these, but `^` and `$` there match only at the ends
// without the flag multiline.
TEST(Regex, AgreesWithTheStandardLibrary) {
  std::mt19937 random(5);
  const std::vector<std::string> texts = short_texts(4);
  for (int i = 0; i < 1'000; i++) {
    std::string pattern = random_pattern(random, 2);
    if (random() % 4 == 0) pattern += "|" + random_pattern(random, 1);
    const Dfa dfa = compiled(pattern);
    const std::regex reference(pattern, std::regex::ECMAScript);
    for (const std::string& text : texts) {
      ASSERT_EQ(dfa.label_of(code_points(text)) != 0, std::regex_search(text, reference))
          << pattern << " and " << text;
    }
  }
}

TEST(Regex, LookaheadBehindALeadingCaret) {
  const std::vector<std::string> texts = short_texts(5);
  for (const char* pattern : {"^(?=a)", "^(?!a)b", "^(?=.*b)a", "^(?!.*b$)a", "^(?=a|b)(?!ab).",
                              "^(?=..)(?=.*c$)a", "^(?!(?:a|bb)$)", "b|^(?=a)ab", "^(?=)a", "^(?!)a"}) {
    const Dfa dfa = compiled(pattern);
    const std::regex reference(pattern, std::regex::ECMAScript);
    for (const std::string& text : texts) {
      EXPECT_EQ(dfa.label_of(code_points(text)) != 0, std::regex_search(text, reference))
          << pattern << " and " << text;
    }
  }
}

TEST(Regex, IsFoundAnywhere) {
  EXPECT_TRUE(matches("b", "abc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("^", "x"));
  EXPECT_FALSE(matches("^b", "ab"));
  EXPECT_FALSE(matches("b$", "ba"));
  EXPECT_TRUE(matches("^a|b$", "xb"));
}

TEST(Regex, AnchorsInTheMiddle) {
  EXPECT_TRUE(compiled("a^b").empty());
  EXPECT_TRUE(compiled("a$b").empty());
  EXPECT_TRUE(matches("^x?^y$", "y"));
  EXPECT_FALSE(matches("^x?^y$", "xy"));
  EXPECT_TRUE(matches("(^a|b)c", "xbc"));
  EXPECT_FALSE(matches("(^a|b)c", "xac"));
  EXPECT_TRUE(matches("(a$)?b*$", "a"));
  EXPECT_TRUE(matches("$^", ""));
  EXPECT_FALSE(matches("$^", "a"));
}

TEST(Regex, CharactersAreCodePoints) {
  EXPECT_TRUE(matches("^.$", "😀"));
  EXPECT_TRUE(matches("^[😀-😂]$", "😁"));
  EXPECT_TRUE(matches("^[^a]$", "€"));
  EXPECT_TRUE(matches("^\\u{1F600}$", "😀"));
  EXPECT_TRUE(matches("^\\ud83d\\ude00$", "😀"));
  EXPECT_TRUE(matches("^\\u00e9\\x41\\cj\\0$", std::string_view("éA\n\0", 5)));
  EXPECT_FALSE(matches("^.$", "\u2028"));
}

TEST(Regex, ClassesAndProperties) {
  EXPECT_TRUE(matches("^\\s$", "\ufeff"));
  EXPECT_FALSE(matches("^\\d$", "٣"));
  EXPECT_FALSE(matches("^\\w$", "é"));
  EXPECT_TRUE(matches("^[\\w-]$", "-"));
  EXPECT_TRUE(matches("^[a-]$", "-"));
  EXPECT_TRUE(matches("^[-a]$", "-"));
  EXPECT_TRUE(matches("^[\\b]$", "\b"));
  EXPECT_TRUE(matches("^[\\]^]+$", "]^"));
  EXPECT_TRUE(matches("^\\p{Lu}\\p{Ll}$", "Éé"));
  EXPECT_TRUE(matches("^\\p{Letter}\\p{gc=Nd}$", "Я٣"));
  EXPECT_TRUE(matches("^\\P{L}$", "1"));
  EXPECT_TRUE(matches("^[^\\p{L}\\d]$", "-"));
  EXPECT_FALSE(matches("^[^\\p{L}\\d]$", "Я"));
  EXPECT_TRUE(compiled("[]").empty());
  EXPECT_TRUE(matches("^[^]$", "\n"));
}

TEST(Regex, CountedRepetition) {
  for (size_t n = 0; n < 12; n++) {
    const std::string text(n, 'a');
    EXPECT_EQ(matches("^a{3,7}$", text), n >= 3 && n <= 7) << n;
    EXPECT_EQ(matches("^(?:aa){2,}$", text), n >= 4 && n % 2 == 0) << n;
    EXPECT_EQ(matches("^(?:a{2,3}){2}$", text), n >= 4 && n <= 6) << n;
    EXPECT_EQ(matches("^a{0}$", text), n == 0) << n;
  }
  EXPECT_TRUE(matches("^a{,2}$", "a{,2}"));  // Annex B: a brace that opens nothing
  EXPECT_TRUE(matches("^a{x}$", "a{x}"));
  EXPECT_TRUE(matches("^}]$", "}]"));
}

TEST(Regex, RefusesWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {
      {"(a)\\1", "escape '\\1' at byte 3"},
      {"\\bword", "escape '\\b' at byte 0"},
      {"\\Bword", "escape '\\B'"},
      {"\\k<x>", "escape '\\k'"},
      {"(?<=a)b", "group of an unknown kind at byte 0"},
      {"(?<!a)b", "group of an unknown kind"},
      {"(?i)a", "group of an unknown kind"},
      {"a(?=b)", "lookahead that does not follow a leading '^' at byte 1"},
      {"(?!b)", "lookahead that does not follow a leading '^'"},
      {"(^(?=a))", "lookahead that does not follow a leading '^'"},
      {"\\p{Script=Greek}", "property that is no general category at byte 0"},
      {"\\p{Lu", "property that is no general category"},
      {"\\pL", "property that is no general category"},
      {"\\u12", "escape '\\u'"},
      {"\\u{110000}", "escape '\\u'"},
      {"\\xg0", "escape '\\x'"},
      {"\\c1", "escape '\\c'"},
      {"\\01", "escape '\\0'"},
      {"\\", "'\\' at its end"},
      {"[a\\", "'\\' at its end"},
      {"[a", "'[' that is not closed at byte 0"},
      {"[z-a]", "range that is out of order"},
      {"(a", "group that is not closed at byte 0"},
      {"(?<name>a", "group that is not closed"},
      {"^(?=a", "group that is not closed"},
      {"a)", "')' that closes nothing at byte 1"},
      {"*a", "quantifier of nothing at byte 0"},
      {"a|+", "quantifier of nothing"},
      {"a**", "quantifier of nothing"},
      {"^*", "quantifier of '^' or '$'"},
      {"a$+", "quantifier of '^' or '$'"},
      {"a{3,2}", "least count is above its greatest"},
  };
  for (const auto& [pattern, words] : cases) {
    EXPECT_NE(refusal(pattern).find(words), std::string::npos) << pattern << ": " << refusal(pattern);
  }
}

TEST(Regex, HostilePatternsAreBounded) {
  EXPECT_TRUE(matches("(a+)+b", "aab"));
  EXPECT_TRUE(matches("(x?){10000}", "y"));
  EXPECT_FALSE(matches("^(a+)+b$", std::string(10'000, 'a')));
  EXPECT_TRUE(matches("^(a*)*$", "aa"));
  for (const std::string& pattern :
       {std::string("^(x?){10000}$"), std::string("(a|b)*a(a|b){30}"), std::string("((a{1000}){1000}){1000}"),
        std::string("a{4294967295}"), std::string("a{99999999999999999999}"),
        std::string(200, '(') + "a" + std::string(200, ')')}) {
    EXPECT_NE(refusal(pattern), "") << pattern.substr(0, 60);
  }
}

TEST(Regex, NeverFailsOnRandomBytes) {
  std::mt19937 random(9);
  const std::string_view pieces[] = {"a", "(", ")",    "[",    "]", "{", "}",    "*",   "+",   "?", "|",
                                     "^", "$", "\\",   "-",    ",", "1", "p{L}", "(?",  "<",   "=", "!",
                                     ":", "u", "\xc3", "\xa9", "é", "x", "c",    "{2}", "\\d", "."};
  for (int i = 0; i < 20'000; i++) {
    std::string pattern;
    for (size_t n = random() % 12; n > 0; n--) pattern += pieces[random() % std::size(pieces)];
    Budget budget(20'000);
    const auto dfa = regex_dfa(pattern, budget);
    EXPECT_TRUE(dfa || !dfa.error().what.empty()) << pattern;
  }
}

}  // namespace
}  // namespace understudy
