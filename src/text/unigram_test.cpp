#include <gtest/gtest.h>

#include <limits>

#include "text/charsmap.h"
#include "text/tokenizer.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;
using Ids = std::vector<TokenId>;

std::string marked(std::string_view text) {
  std::string out;
  for (const char c : text) c == ' ' ? out += "\xE2\x96\x81" : out += c;
  return out;
}

void add(TokenizerSpec& spec, Type type, std::string_view token, float score) {
  spec.tokens.push_back(marked(token));
  spec.types.push_back(type);
  spec.scores.push_back(score);
}

// 0 <s>, 1 <unk>, 2 </s>, then pieces (here with a space for the mark).
TokenizerSpec unigram_spec() {
  TokenizerSpec spec;
  spec.kind = Kind::unigram;
  add(spec, Type::control, "<s>", 0);
  add(spec, Type::unknown, "<unk>", 0);
  add(spec, Type::control, "</s>", 0);
  const std::pair<const char*, float> pieces[] = {{" ", -2},   {"a", -3},       {"b", -3},  {"ab", -5},
                                                  {"abc", -7}, {"c", -2},       {" a", -4}, {" ab", -9},
                                                  {"bc", -6},  {"\xC3\xA9", -4}};
  for (const auto& [piece, score] : pieces) add(spec, Type::normal, piece, score);  // 3 to 12
  spec.unknown = 1;
  spec.eos = 2;
  spec.add_space_prefix = spec.remove_extra_spaces = true;
  return spec;
}

Ids encode(const TokenizerSpec& spec, const std::string& text) {
  const auto tokenizer = Tokenizer::create(spec);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return (*tokenizer)->encode(PromptText::data(text), false);
}

// Expected ids: Hugging Face tokenizers 0.23.3 on these pieces.
TEST(Unigram, TakesTheBestSum) {
  EXPECT_EQ(encode(unigram_spec(), "a"), Ids{9});
  EXPECT_EQ(encode(unigram_spec(), "ab"), (Ids{3, 6}));  // -7, as " a", "b": the last token that starts first
  EXPECT_EQ(encode(unigram_spec(), "abc"), (Ids{3, 7}));
  EXPECT_EQ(encode(unigram_spec(), "cab"), (Ids{3, 8, 6}));  // "ab" before "a", "b"
  EXPECT_EQ(encode(unigram_spec(), "b a"), (Ids{3, 5, 9}));
}

TEST(Unigram, ReducesSpaces) {
  EXPECT_EQ(encode(unigram_spec(), "  b   a "), (Ids{3, 5, 9}));
  EXPECT_EQ(encode(unigram_spec(), "   "), Ids{});
  TokenizerSpec spec = unigram_spec();
  spec.remove_extra_spaces = false;
  EXPECT_EQ(encode(spec, "b  a "), (Ids{3, 5, 3, 9, 3}));
  spec.add_space_prefix = false;
  EXPECT_EQ(encode(spec, "b"), Ids{5});
}

TEST(Unigram, FusesTheUnknown) {
  EXPECT_EQ(encode(unigram_spec(), "xyzaxx"), (Ids{3, 1, 4, 1}));
  EXPECT_EQ(encode(unigram_spec(), "\xF0\x9F\x98\x80\xC3\xA9"), (Ids{3, 1, 12}));
  TokenizerSpec spec = unigram_spec();
  spec.unknown.reset();
  EXPECT_EQ(encode(spec, "xya"), (Ids{3, 4}));
}

TEST(Unigram, NeverGivesControlTokens) {
  TokenizerSpec spec = unigram_spec();
  add(spec, Type::control, "ab", 100);
  add(spec, Type::unused, " ab", 100);
  EXPECT_EQ(encode(spec, "ab"), (Ids{3, 6}));
  EXPECT_EQ(encode(spec, "</s>"), (Ids{3, 1}));
  spec.add_eos = true;
  const auto tokenizer = Tokenizer::create(spec);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ((*tokenizer)->encode(PromptText::trusted("</s>a"), true), (Ids{2, 9, 2}));
  spec.unknown = 0;
  EXPECT_FALSE(Tokenizer::create(spec).ok());
}

TEST(Unigram, TakesAMegabyteWord) {
  TokenizerSpec spec = unigram_spec();
  const Ids ids = encode(spec, std::string(1 << 20, 'c'));
  EXPECT_EQ(ids.size(), (1u << 20) + 1);
  add(spec, Type::normal, std::string(4096, 'c'), -1);
  EXPECT_EQ(encode(spec, std::string(3 * 4096, 'c')), (Ids{3, 13, 13, 13}));
}

TEST(Unigram, RefusesWhatIsWrongInASpec) {
  TokenizerSpec spec = unigram_spec();
  spec.scores[4] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(Tokenizer::create(spec).ok());
  spec.scores.pop_back();
  EXPECT_FALSE(Tokenizer::create(spec).ok());
  spec = unigram_spec();
  spec.charsmap = "damaged";
  const auto tokenizer = Tokenizer::create(spec);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.error().where, "tokenizer.ggml.precompiled_charsmap");
}

// A charsmap with one rule. The root's offset is 1, so 'A' has unit 1 ^ 'A', and its value lies at that ^ 2.
std::string replace_capital_a(uint32_t value, std::string_view replacements) {
  std::vector<uint32_t> words(1 + 0x43);
  words[0] = static_cast<uint32_t>(4 * (words.size() - 1));
  uint32_t* units = &words[1];
  units[0] = 1 << 10;
  units[1 ^ 'A'] = 2 << 10 | 1 << 8 | 'A';
  units[1 ^ 'A' ^ 2] = 1u << 31 | value;
  std::string blob;
  for (const uint32_t word : words) {
    for (int i = 0; i < 4; ++i) blob += static_cast<char>(word >> (8 * i) & 0xFF);
  }
  return blob.append(replacements);
}

TEST(Charsmap, Replaces) {
  using namespace std::string_view_literals;
  TokenizerSpec spec = unigram_spec();
  spec.charsmap = replace_capital_a(2, "c\0bc\0"sv);
  EXPECT_EQ(encode(spec, "aA"), (Ids{3, 7}));
  spec.charsmap = replace_capital_a(0, " \0"sv);
  EXPECT_EQ(encode(spec, "bAAaA"), (Ids{3, 5, 9}));
  EXPECT_EQ(encode(unigram_spec(), "A"), (Ids{3, 1}));
}

TEST(Charsmap, SurvivesDamage) {
  using namespace std::literals;
  const auto match = [](std::string blob) {
    const auto map = Charsmap::create(blob);
    return map.ok() ? map->longest_match("A").length : 99;
  };
  EXPECT_EQ(match(replace_capital_a(0, "b\0"sv)), 1u);
  EXPECT_EQ(match(replace_capital_a(2, "b\0"sv)), 0u);                        // beyond the replacements
  EXPECT_EQ(match(replace_capital_a(0, std::string(1000, 'b') + '\0')), 0u);  // too long
  EXPECT_EQ(match(replace_capital_a(0, "b")), 99u);                           // no NUL at the end
  std::string cut = replace_capital_a(0, "b\0"sv);
  cut[5] = '\xFF';  // the root's offset leads out of the trie
  cut[6] = '\xFF';
  EXPECT_EQ(match(cut), 0u);
  EXPECT_EQ(match("\1\0\0\0\0\0\0\0"s + '\0'), 99u);
  // Half a character: what is left of it counts as invalid.
  TokenizerSpec spec = unigram_spec();
  spec.charsmap = replace_capital_a(1, "\xC3\xA9\0"sv);
  EXPECT_EQ(encode(spec, "Ab"), (Ids{3, 1, 5}));
}

}  // namespace
}  // namespace understudy
