#include "grammar/dfa.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "grammar/regex.h"

namespace understudy {
namespace {

using Text = std::vector<uint32_t>;

Dfa language(std::string_view pattern) {
  Budget budget(1'000'000);
  auto dfa = regex_dfa(pattern, budget);
  EXPECT_TRUE(dfa) << pattern;
  return std::move(*dfa);
}

// All texts over a, b and c of at most `length` characters.
std::vector<Text> short_texts(size_t length) {
  std::vector<Text> out{{}};
  for (size_t i = 0; i < out.size() && out[i].size() < length; i++) {
    for (const uint32_t c : {'a', 'b', 'c'}) {
      out.push_back(out[i]);
      out.back().push_back(c);
    }
  }
  return out;
}

const char* const kPatterns[] = {"^a*$",     "b",         "^(ab|ba)*$", "^.{2,4}$", "c$",   "^$",
                                 "^a?b?c?$", "^(a|bb)+c", "[]",         "^[^b]*$",  "(aa)+"};

TEST(Dfa, OperationsAreThoseOfSets) {
  Budget budget(10'000'000);
  const std::vector<Text> texts = short_texts(6);
  for (const char* left : kPatterns) {
    for (const char* right : kPatterns) {
      const Dfa a = language(left), b = language(right);
      auto both = intersect(a, b, budget), either = first_of({&a, &b}, budget),
           sets = match_sets({&a, &b}, budget);
      ASSERT_TRUE(both && either && sets);
      for (const Text& text : texts) {
        const bool in_a = a.label_of(text) > 0, in_b = b.label_of(text) > 0;
        EXPECT_EQ(both->label_of(text) > 0, in_a && in_b) << left << " " << right;
        EXPECT_EQ(either->label_of(text) > 0, in_a || in_b) << left << " " << right;
        EXPECT_EQ(sets->label_of(text), 1 + in_a + 2 * in_b) << left << " " << right;
      }
    }
  }
}

TEST(Dfa, ComplementIsOfCharacters) {
  Budget budget(1'000'000);
  for (const char* pattern : kPatterns) {
    const Dfa a = language(pattern);
    auto other = complement(a, budget);
    ASSERT_TRUE(other);
    for (const Text& text : short_texts(5))
      EXPECT_NE(a.label_of(text) > 0, other->label_of(text) > 0) << pattern;
    EXPECT_EQ(other->label_of({0xd800}), 0) << pattern;
    auto back = complement(*other, budget);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, a) << pattern;
  }
  auto none = complement(any_text(), budget);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  auto all = complement(no_text(), budget);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, any_text());
}

TEST(Dfa, EqualLanguagesAreEqualValues) {
  EXPECT_EQ(language("^(a|b)*$"), language("^(?:b*a*)*$"));
  EXPECT_EQ(language("^a{1,3}$"), language("^aa?a?$"));
  EXPECT_EQ(language(""), any_text());
  EXPECT_EQ(language("[]"), no_text());
}

TEST(Dfa, FirstLabelWins) {
  Budget budget(100'000);
  const Dfa a = relabelled(language("^a"), 5), b = relabelled(language("b$"), 9);
  auto both = first_of({&a, &b}, budget);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->label_of(code_points("ab")), 5);
  EXPECT_EQ(both->label_of(code_points("bb")), 9);
  EXPECT_EQ(both->label_of(code_points("bc")), 0);
  const Dfa nines = restricted(*both, [](int32_t label) { return label == 9; });
  EXPECT_EQ(nines.label_of(code_points("ab")), 0);
  EXPECT_EQ(nines.label_of(code_points("cb")), 9);
}

TEST(Dfa, TextsAreLabelledInOrder) {
  const Dfa dfa = texts_dfa({code_points("b"), code_points(""), code_points("bé"), code_points("b")}, 10);
  EXPECT_EQ(dfa.label_of(code_points("b")), 10);
  EXPECT_EQ(dfa.label_of({}), 11);
  EXPECT_EQ(dfa.label_of(code_points("bé")), 12);
  EXPECT_EQ(dfa.label_of(code_points("é")), 0);
  EXPECT_TRUE(texts_dfa({}).empty());
}

TEST(Dfa, LengthsAreCodePoints) {
  Budget budget(1'000'000);
  for (const char* pattern : kPatterns) {
    const Dfa a = language(pattern);
    for (const auto& [low, high] :
         std::vector<std::pair<uint32_t, uint32_t>>{{0, 0}, {1, 3}, {2, 2}, {3, UINT32_MAX}, {4, 3}}) {
      auto bounded = with_length(a, low, high, budget);
      ASSERT_TRUE(bounded);
      for (const Text& text : short_texts(5)) {
        EXPECT_EQ(bounded->label_of(text) > 0,
                  a.label_of(text) > 0 && text.size() >= low && text.size() <= high)
            << pattern << " " << low << " " << high;
      }
    }
  }
}

// By definition: from each state, the lengths of continuations are all those from the shortest on.
bool has_all_short_lengths(const Dfa& dfa) {
  for (size_t s = 0; s < dfa.states.size(); s++) {
    std::set<int32_t> at{static_cast<int32_t>(s)};
    bool seen = false;
    for (size_t length = 0; length < 2 * dfa.states.size() + 2; length++) {
      const bool ends = std::any_of(at.begin(), at.end(),
                                    [&](int32_t t) { return dfa.states[static_cast<size_t>(t)].label > 0; });
      if (seen && !ends) return false;
      seen = seen || ends;
      std::set<int32_t> next;
      for (const int32_t t : at) {
        for (const Dfa::Edge& e : dfa.states[static_cast<size_t>(t)].edges) next.insert(e.to);
      }
      at = std::move(next);
    }
  }
  return true;
}

TEST(Dfa, HasAllLengthsIsNeverWronglySaid) {
  for (const char* pattern : {"^a*$", "^a+$", "", "b", "^(ab)*$", "^(aa|bbb)*$", "^(abc|a)*$", "^a{3,}$",
                              "^[ab]{2}c*$", "^a$", "a.*b", "^(aa|aaa)$", "^(a|bb)*$", "^x(ab|c)*$"}) {
    const Dfa dfa = language(pattern);
    EXPECT_EQ(has_all_lengths(dfa), has_all_short_lengths(dfa)) << pattern;
  }
  EXPECT_TRUE(has_all_lengths(any_text()));
}

TEST(Dfa, ShortestText) {
  EXPECT_EQ(shortest_text(any_text()), 0u);
  EXPECT_EQ(shortest_text(no_text()), UINT32_MAX);
  EXPECT_EQ(shortest_text(language("^a{5,}b$")), 6u);
  EXPECT_EQ(shortest_text(language("^(abc|de)+$")), 2u);
}

TEST(Dfa, CountsTexts) {
  Budget budget(1'000'000);
  for (const char* pattern : kPatterns) {
    auto bounded = with_length(language(pattern), 0, 3, budget);
    ASSERT_TRUE(bounded);
    auto abc = intersect(*bounded, language("^[abc]*$"), budget);
    ASSERT_TRUE(abc);
    uint32_t expected = 0;
    for (const Text& text : short_texts(3)) expected += abc->label_of(text) > 0;
    EXPECT_EQ(count_texts(*abc, 1'000)[0], expected) << pattern;
    EXPECT_EQ(count_texts(*abc, 3)[0], std::min(expected, 3u)) << pattern;
  }
  EXPECT_EQ(count_texts(any_text(), UINT32_MAX)[0], UINT32_MAX);
  EXPECT_EQ(count_texts(language("^(ab*c|d)$"), 50)[0], 50u);
  EXPECT_EQ(count_texts(language("^.{8}$"), UINT32_MAX)[0], UINT32_MAX);
}

TEST(Dfa, BudgetEndsWork) {
  Budget budget(1'000);
  EXPECT_FALSE(with_length(any_text(), 0, 1'000'000, budget));
  EXPECT_FALSE(budget.spend(1));
  const auto refused = complement(any_text(), budget);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::exhausted);
}

TEST(Dfa, CodePoints) {
  EXPECT_EQ(code_points("aé😀"), (Text{'a', 0xe9, 0x1f600}));
  EXPECT_EQ(code_points("\xff"), Text{0xfffd});
}

}  // namespace
}  // namespace understudy
