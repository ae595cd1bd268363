#include "app/demo/sentence_template.h"

#include <gtest/gtest.h>

#include <set>

namespace understudy {
namespace {

TemplateWords house() {
  TemplateWords words;
  words.rules["turn"] = "turn|switch";
  words.rules["the_lamp"] = "[the] {name}";
  words.rules["endless"] = "again <endless>";
  words.lists["name"] = {{"[old] lamp", "lamp"}, {"fan", "fan"}};
  words.lists["area"] = {{"kitchen", "kitchen"}};
  words.lists["none"] = {};
  return words;
}

// All readings that come up in many draws.
std::set<std::string> readings(const std::string& sentence) {
  std::mt19937_64 random(1);
  std::set<std::string> texts;
  for (int i = 0; i < 400; ++i) {
    const auto drawn = expand_sentence(sentence, house(), random);
    EXPECT_TRUE(drawn.ok()) << drawn.error().message();
    if (drawn.ok()) texts.insert(drawn->text);
  }
  return texts;
}

TEST(SentenceTemplate, Alternatives) {
  EXPECT_EQ(readings("(open|close|shut) it"), (std::set<std::string>{"open it", "close it", "shut it"}));
}

TEST(SentenceTemplate, OptionalPartsLeaveOneSpace) {
  EXPECT_EQ(readings("now [please|kindly] go"),
            (std::set<std::string>{"now go", "now please go", "now kindly go"}));
}

TEST(SentenceTemplate, RulesMayBeBareAlternatives) {
  EXPECT_EQ(readings("<turn> on"), (std::set<std::string>{"turn on", "switch on"}));
}

TEST(SentenceTemplate, AnyOrder) {
  EXPECT_EQ(readings("go (to it;now)"), (std::set<std::string>{"go to it now", "go now to it"}));
}

TEST(SentenceTemplate, NestedBrackets) {
  EXPECT_EQ(readings("a[b[c]]"), (std::set<std::string>{"a", "ab", "abc"}));
  EXPECT_EQ(readings("((a|b)|c)"), (std::set<std::string>{"a", "b", "c"}));
}

TEST(SentenceTemplate, SlotsHaveWhatIsMeant) {
  std::mt19937_64 random(7);
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < 200; ++i) {
    const auto drawn = expand_sentence("<turn> on <the_lamp> in {area:room}", house(), random);
    ASSERT_TRUE(drawn.ok());
    ASSERT_EQ(drawn->slots.size(), 2u);
    EXPECT_EQ(drawn->slots[0].first, "name");
    EXPECT_EQ(drawn->slots[1], (std::pair<std::string, std::string>{"room", "kitchen"}));
    EXPECT_NE(drawn->text.find(drawn->slots[0].second), std::string::npos) << drawn->text;
    seen.insert(drawn->slots[0]);
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST(SentenceTemplate, SameSeedSameSentence) {
  std::mt19937_64 a(3), b(3);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(expand_sentence("<turn> (x|y|z) <the_lamp>", house(), a)->text,
              expand_sentence("<turn> (x|y|z) <the_lamp>", house(), b)->text);
  }
}

TEST(SentenceTemplate, BrokenTemplatesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"turn (on", "not closed"},    {"turn on)", "not opened"},
      {"turn (on]", "not closed"},   {"<nowhere>", "no such rule"},
      {"{nothing}", "no such list"}, {"{none}", "no such list"},
      {"<endless>", "too deep"},     {"", ""},
  };
  for (const auto& [sentence, what] : cases) {
    std::mt19937_64 random(1);
    const auto drawn = expand_sentence(sentence, house(), random);
    if (*what == '\0') {
      EXPECT_TRUE(drawn.ok());
      continue;
    }
    ASSERT_FALSE(drawn.ok()) << sentence;
    EXPECT_EQ(drawn.error().code, ErrorCode::corrupt);
    EXPECT_NE(drawn.error().what.find(what), std::string::npos) << drawn.error().message();
  }
}

TEST(SentenceTemplate, GrowthIsBounded) {
  TemplateWords words;
  words.rules["a"] = "<b><b><b><b><b><b><b><b><b><b>";
  words.rules["b"] = "<c><c><c><c><c><c><c><c><c><c>";
  words.rules["c"] = "<d><d><d><d><d><d><d><d><d><d>";
  words.rules["d"] = "<e><e><e><e><e><e><e><e><e><e>";
  words.rules["e"] = "[x]<f><f><f><f><f><f><f><f><f>";
  words.rules["f"] = "[y]";
  std::mt19937_64 random(1);
  const auto drawn = expand_sentence("<a>", words, random);
  ASSERT_FALSE(drawn.ok());
  EXPECT_EQ(drawn.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace understudy
