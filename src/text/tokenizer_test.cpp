#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <limits>

#include "text/utf8.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;
using Ids = std::vector<TokenId>;

void add(TokenizerSpec& spec, Type type, std::string token, float score = 0) {
  spec.tokens.push_back(std::move(token));
  spec.types.push_back(type);
  spec.scores.push_back(score);
}

// 0 a, 1 b, 2 c, 3 ab, 4 "<|s|>", 5 "<|e|>", 6 "<t>", 7 bc, 8 "<", 9 "[PAD]", 10 " "
TokenizerSpec byte_spec(std::string pre = "qwen2") {
  TokenizerSpec spec;
  spec.pre = std::move(pre);
  for (const char* token : {"a", "b", "c", "ab"}) add(spec, Type::normal, token);
  add(spec, Type::control, "<|s|>");
  add(spec, Type::control, "<|e|>");
  add(spec, Type::user_defined, "<t>");
  add(spec, Type::normal, "bc");
  add(spec, Type::normal, "<");
  add(spec, Type::unused, "[PAD]");
  add(spec, Type::normal, "\xC4\xA0");  // U+0120, a space in GPT-2's alphabet
  spec.merges = {"a b"};
  spec.bos = 4;
  spec.eos = 5;
  return spec;
}

TokenizerSpec sentencepiece_spec() {
  TokenizerSpec spec;
  spec.kind = Kind::sentencepiece_bpe;
  add(spec, Type::control, "<s>");
  add(spec, Type::unknown, "<unk>");
  add(spec, Type::normal, "\xE2\x96\x81", -3);
  add(spec, Type::normal, "a", -4);
  add(spec, Type::normal,
      "\xE2\x96\x81"
      "a",
      -1);
  add(spec, Type::byte, "<0x0A>");
  spec.bos = 0;
  spec.unknown = 1;
  return spec;
}

std::shared_ptr<const Tokenizer> make(TokenizerSpec spec) {
  auto tokenizer = Tokenizer::create(std::move(spec));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return *tokenizer;
}

TEST(Tokenizer, IgnoresMergesForLlama3Only) {
  EXPECT_EQ(make(byte_spec())->encode(PromptText::data("bc"), false), (Ids{1, 2}));
  EXPECT_EQ(make(byte_spec("llama-bpe"))->encode(PromptText::data("bc"), false), Ids{7});
}

TEST(Tokenizer, JoinsTextAcrossSpans) {
  const auto tokenizer = make(byte_spec());
  EXPECT_EQ(tokenizer->encode({"ab", {{1, 2}}}, false), Ids{3});
  EXPECT_EQ(tokenizer->encode({"ab", {{0, 1}, {1, 2}}}, false), Ids{3});
  // "<|" from the template and "s|>" from a user make no control token.
  EXPECT_EQ(tokenizer->encode({"a<|s|>", {{3, 6}}}, false), (Ids{0, 8}));
  EXPECT_EQ(tokenizer->encode({"<|s|>a<|e|>", {{5, 6}}}, false), (Ids{4, 0, 5}));
}

TEST(Tokenizer, MovesSpansWithReplacedBytes) {
  const auto tokenizer = make(byte_spec());
  // Two invalid bytes (6 bytes of U+FFFD, none of which has a token) stand before the span.
  EXPECT_EQ(tokenizer->encode({"\xFF\xFF<|s|>a<|e|>", {{7, 8}}}, false), (Ids{4, 0, 5}));
  EXPECT_EQ(tokenizer->encode({"\xFF\xFF<|s|>a<|e|>", {{2, 7}}}, false), (Ids{8, 0, 5}));
  EXPECT_EQ(tokenizer->encode({"\xFF<|s|>", {{0, 6}}}, false), Ids{8});
}

TEST(Tokenizer, PutsOneBosInFront) {
  TokenizerSpec spec = byte_spec();
  EXPECT_EQ(make(spec)->encode(PromptText::trusted("a"), true), Ids{0});
  spec.add_bos = true;
  const auto tokenizer = make(spec);
  EXPECT_EQ(tokenizer->encode(PromptText::trusted("a"), true), (Ids{4, 0}));
  EXPECT_EQ(tokenizer->encode(PromptText::trusted("a"), false), Ids{0});
  EXPECT_EQ(tokenizer->encode(PromptText::trusted("<|s|>a"), true), (Ids{4, 0}));
  EXPECT_EQ(tokenizer->encode(PromptText::trusted("<|s|><|s|>a"), true), (Ids{4, 4, 0}));
  EXPECT_EQ(tokenizer->encode(PromptText::data("<|s|>a"), true), (Ids{4, 8, 0}));
  EXPECT_EQ(tokenizer->encode(PromptText::data(""), true), Ids{4});
}

TEST(Tokenizer, KnowsItsTokens) {
  const auto tokenizer = make(byte_spec());
  EXPECT_EQ(tokenizer->size(), 11);
  EXPECT_EQ(tokenizer->bytes(10), " ");
  EXPECT_EQ(tokenizer->bytes(4), "");
  EXPECT_EQ(tokenizer->bytes(4, true), "<|s|>");
  EXPECT_EQ(tokenizer->bytes(6), "<t>");
  EXPECT_EQ(tokenizer->bytes(9), "");
  EXPECT_EQ(tokenizer->bytes(-1), "");
  EXPECT_EQ(tokenizer->bytes(11), "");
  EXPECT_TRUE(tokenizer->is_control(5));
  EXPECT_FALSE(tokenizer->is_control(6));
  EXPECT_FALSE(tokenizer->is_control(99));
  EXPECT_EQ(tokenizer->find("<|e|>"), 5);
  EXPECT_EQ(tokenizer->find("ab"), 3);
  EXPECT_EQ(tokenizer->find("abc"), std::nullopt);
  EXPECT_EQ(tokenizer->bos(), 4);
  EXPECT_EQ(tokenizer->eos(), 5);
  EXPECT_EQ(tokenizer->decode({4, 3, 10, 2, 5}), "ab c");
  EXPECT_EQ(tokenizer->decode({4, 3}, true), "<|s|>ab");
}

TEST(Tokenizer, NeverMergesIntoControlTokens) {
  TokenizerSpec spec = byte_spec();
  add(spec, Type::control, "ca");
  spec.merges.push_back("c a");
  EXPECT_EQ(make(spec)->encode(PromptText::data("ca"), false), (Ids{2, 0}));
  spec = sentencepiece_spec();
  add(spec, Type::control, "aa");
  EXPECT_EQ(make(spec)->encode(PromptText::data("aa"), false), (Ids{3, 3}));
}

TEST(Tokenizer, SpellsUnknownTextInBytes) {
  // As in Gemma's files the unknown token is of type control, which is harmless: bytes spell everything.
  TokenizerSpec spec;
  spec.kind = Kind::sentencepiece_bpe;
  add(spec, Type::control, "<unk>");
  spec.unknown = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    add(spec, Type::byte, std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
  }
  EXPECT_EQ(make(spec)->encode(PromptText::data("\xC3\xA9<unk>"), false),
            (Ids{0xC4, 0xAA, '<' + 1, 'u' + 1, 'n' + 1, 'k' + 1, '>' + 1}));
}

TEST(Tokenizer, SentencePieceMarksSpaces) {
  TokenizerSpec spec = sentencepiece_spec();
  EXPECT_EQ(make(spec)->encode(PromptText::data("a a"), false), (Ids{3, 4}));
  EXPECT_EQ(make(spec)->decode({4, 5, 3}), " a\na");
  EXPECT_EQ(make(spec)->encode(PromptText::data("a\nxyza"), false),
            (Ids{3, 5, 1, 3}));  // one unknown for the run
  spec.add_space_prefix = true;
  EXPECT_EQ(make(spec)->encode(PromptText::data("a"), false), Ids{4});
  spec.unknown.reset();
  EXPECT_EQ(make(spec)->encode(PromptText::data("a\xC3\xA9"
                                                "a"),
                               false),
            (Ids{4, 3}));
}

TEST(Tokenizer, PrefersTokensOfTheByteAlphabet) {
  TokenizerSpec spec =
      byte_spec();  // as in Command R: U+200D as it is, and in the alphabet, where it has 3 bytes
  for (const char* token :
       {"\xE2\x80\x8D", "\xC3\xA2", "\xC4\xA2", "\xC4\xAF", "\xC3\xA2\xC4\xA2", "\xC3\xA2\xC4\xA2\xC4\xAF"}) {
    add(spec, Type::normal, token);
  }
  spec.merges = {"\xC3\xA2 \xC4\xA2", "\xC3\xA2\xC4\xA2 \xC4\xAF"};
  EXPECT_EQ(make(spec)->encode(PromptText::data("\xE2\x80\x8D"), false), Ids{16});
  EXPECT_EQ(make(spec)->decode({11, 16}), "\xE2\x80\x8D\xE2\x80\x8D");
}

TEST(Tokenizer, SentencePieceMergesByList) {
  TokenizerSpec spec = sentencepiece_spec();  // 2 " ", 3 a, 4 " a"
  add(spec, Type::user_defined, "aa");
  add(spec, Type::control, "aaa");
  spec.scores.clear();
  const std::string mark = "\xE2\x96\x81";
  spec.merges = {mark + " a"};
  EXPECT_EQ(make(spec)->encode(PromptText::data(" ab a"), false), (Ids{4, 1, 4}));
  spec.merges = {"a a", "aa a", mark + " a"};
  spec.types[6] = Type::normal;
  EXPECT_EQ(make(spec)->encode(PromptText::data(" aaa"), false), (Ids{2, 6, 3}));
  spec.merges = {"a " + mark};
  EXPECT_FALSE(Tokenizer::create(spec).ok());
}

TEST(Tokenizer, RefusesWhatIsWrongInASpec) {
  const float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::pair<const char*, std::function<void(TokenizerSpec&)>> byte_cases[] = {
      {"a vocabulary has", [](auto& s) { s.tokens.clear(); }},
      {"token_type", [](auto& s) { s.types.pop_back(); }},
      {"unknown type 9", [](auto& s) { s.types[0] = static_cast<Type>(9); }},
      {"longer than", [](auto& s) { s.tokens[0] = std::string(5000, 'x'); }},
      {"bos_token_id", [](auto& s) { s.bos = 11; }},
      {"eos_token_id", [](auto& s) { s.eos = -1; }},
      {"unknown_token_id", [](auto& s) { s.unknown = 1 << 30; }},
      {"wants a BOS", [](auto& s) { s.bos.reset(), s.add_bos = true; }},
      {"wants an EOS", [](auto& s) { s.eos.reset(), s.add_eos = true; }},
      {"is not two tokens", [](auto& s) { s.merges = {"ab"}; }},
      {"joins what is no token", [](auto& s) { s.merges = {"a z"}; }},
      {"joins what is no token", [](auto& s) { s.merges = {"a "}; }},
      {"gives no token", [](auto& s) { s.merges = {"c c"}; }},
      {"unknown pre-tokeniser", [](auto& s) { s.pre = "default"; }},
  };
  for (const auto& [expected, damage] : byte_cases) {
    TokenizerSpec spec = byte_spec();
    damage(spec);
    const auto tokenizer = Tokenizer::create(std::move(spec));
    ASSERT_FALSE(tokenizer.ok()) << expected;
    EXPECT_NE(tokenizer.error().message().find(expected), std::string::npos) << tokenizer.error().message();
    EXPECT_FALSE(tokenizer.error().hint.empty() && tokenizer.error().where.empty());
  }
  const std::pair<const char*, std::function<void(TokenizerSpec&)>> sentencepiece_cases[] = {
      {"tokenizer.ggml.scores", [](auto& s) { s.scores.clear(); }},
      {"not finite", [=](auto& s) { s.scores[2] = kNan; }},
      {"<0xNN>", [](auto& s) { s.tokens[5] = "<0xZZ>"; }},
      {"255 of 256 byte tokens are missing", [](auto& s) { s.unknown = 0; }},
  };
  for (const auto& [expected, damage] : sentencepiece_cases) {
    TokenizerSpec spec = sentencepiece_spec();
    damage(spec);
    const auto tokenizer = Tokenizer::create(std::move(spec));
    ASSERT_FALSE(tokenizer.ok()) << expected;
    EXPECT_NE(tokenizer.error().message().find(expected), std::string::npos) << tokenizer.error().message();
  }
}

TEST(Tokenizer, TakesAMegabyteLine) {  // quadratic merging would not come back
  const std::string line(1 << 20, 'a');
  TokenizerSpec spec = byte_spec();
  std::string token = "a";
  while (token.size() < 16) {
    spec.merges.push_back(token + " " + token);
    token += token;
    add(spec, Type::normal, token);
  }
  const Ids ids = make(spec)->encode(PromptText::data(line), false);
  EXPECT_EQ(ids, Ids(line.size() / 16, 14));
  EXPECT_EQ(make(sentencepiece_spec())->encode(PromptText::data(line), false).size(), line.size());
}

}  // namespace
}  // namespace understudy
