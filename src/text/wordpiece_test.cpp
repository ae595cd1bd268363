#include <gtest/gtest.h>

#include "text/tokenizer.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;
using Ids = std::vector<TokenId>;

std::string utf8(const char8_t* text) { return reinterpret_cast<const char*>(text); }

// 0 [PAD], 1 [UNK], 2 [CLS], 3 [SEP], then words and, without the mark, what continues them.
TokenizerSpec bert_spec() {
  TokenizerSpec spec;
  spec.kind = Kind::wordpiece;
  const auto add = [&](Type type, std::string token) {
    spec.tokens.push_back(std::move(token));
    spec.types.push_back(type);
  };
  add(Type::control, "[PAD]");
  add(Type::unknown, "[UNK]");
  add(Type::control, "[CLS]");
  add(Type::control, "[SEP]");
  const char8_t* words[] = {u8"\u2581un",
                            u8"aff",
                            u8"able",
                            u8"\u2581cafe",
                            u8"\u2581!",
                            u8"\u2581[",
                            u8"\u2581cls",
                            u8"\u2581]",
                            u8"\u2581\u4E2D",
                            u8"a",
                            u8"\u2581a",
                            u8"\u2581stra\u00DFe",
                            u8"\u2581w\u00F6rd",
                            u8"\u2581i\u0307"};
  for (const char8_t* word : words) add(Type::normal, utf8(word));
  spec.unknown = 1;
  spec.bos = 2;
  spec.eos = 3;
  spec.add_bos = spec.add_eos = true;
  return spec;
}

Ids encode(const TokenizerSpec& spec, const std::string& text) {
  const auto tokenizer = Tokenizer::create(spec);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return (*tokenizer)->encode(PromptText::data(text), false);
}

// Expected ids: Hugging Face tokenizers 0.23.3, BertNormalizer, BertPreTokenizer and WordPiece on this
// vocabulary.
TEST(Wordpiece, TakesTheLongestTokenFromTheLeft) {
  EXPECT_EQ(encode(bert_spec(), "unaffable"), (Ids{4, 5, 6}));
  EXPECT_EQ(encode(bert_spec(), "UNAFFable aa!a"), (Ids{4, 5, 6, 14, 13, 8, 14}));
  EXPECT_EQ(encode(bert_spec(), "unaffx aff"), (Ids{1, 1}));  // the whole word is unknown
  EXPECT_EQ(encode(bert_spec(), ""), Ids{});
  EXPECT_EQ(encode(bert_spec(), " \n\t "), Ids{});
}

TEST(Wordpiece, CleansText) {
  EXPECT_EQ(encode(bert_spec(), utf8(u8"CAF\u00C9 cafe\u0301\u0323")), (Ids{7, 7}));
  EXPECT_EQ(encode(bert_spec(), utf8(u8"a\u4E2Da")), (Ids{14, 12, 14}));
  EXPECT_EQ(encode(bert_spec(), utf8(u8"u\u200Bn\uFFFD\u0085\u3000a\u2028a\va")), (Ids{4, 14, 14, 13}));
}

TEST(Wordpiece, KeepsAccentsAndCaseWhereAsked) {
  TokenizerSpec spec = bert_spec();
  spec.strip_accents = false;
  EXPECT_EQ(encode(spec, utf8(u8"STRASSE stra\u00DFe W\u00D6RD \u0130")), (Ids{1, 15, 16, 17}));
  spec.lowercase = false;
  EXPECT_EQ(encode(spec, utf8(u8"w\u00F6rd W\u00D6RD")), (Ids{16, 1}));
}

TEST(Wordpiece, WrapsATextOnceAndKeepsDataApart) {
  const auto tokenizer = Tokenizer::create(bert_spec());
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ((*tokenizer)->encode(PromptText::data("a"), true), (Ids{2, 14, 3}));
  EXPECT_EQ((*tokenizer)->encode(PromptText::data("[CLS]"), true), (Ids{2, 9, 10, 11, 3}));
  EXPECT_EQ((*tokenizer)->encode(PromptText::trusted("[CLS]a[SEP]"), true), (Ids{2, 14, 3, 3}));
  EXPECT_EQ((*tokenizer)->decode({2, 4, 5, 6, 3}), " unaffable");
}

TEST(Wordpiece, CallsLongWordsUnknown) {
  EXPECT_EQ(encode(bert_spec(), std::string(100, 'a')).size(), 100u);
  EXPECT_EQ(encode(bert_spec(), std::string(101, 'a')), Ids{1});
  EXPECT_EQ(encode(bert_spec(), std::string(1 << 20, 'a')), Ids{1});
  TokenizerSpec spec = bert_spec();
  spec.unknown.reset();
  EXPECT_EQ(encode(spec, "xyz a"), Ids{14});
}

TEST(Wordpiece, RefusesAControlTokenAsTheUnknownOne) {
  TokenizerSpec spec = bert_spec();
  spec.unknown = 2;
  const auto tokenizer = Tokenizer::create(spec);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_NE(tokenizer.error().message().find("would become the control token 2"), std::string::npos)
      << tokenizer.error().message();
}

}  // namespace
}  // namespace understudy
