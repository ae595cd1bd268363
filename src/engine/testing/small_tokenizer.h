// A byte-level BPE tokenizer of 512 tokens for tests without a model file, with the merges that JSON suggests: tokens end
// in the middle of values, keys and quotes, and what a text begins with changes where the next is divided.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/answer_grammar.h"
#include "grammar/schema_compiler.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace understudy {

inline constexpr TokenId kSmallEnd = 0;
inline constexpr int kSmallVocabulary = 512;

// A byte in GPT-2's alphabet: printable ones stand for themselves.
inline std::string byte_letter(int byte) {
  const auto is_printable = [](int b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  };
  int other = 256;
  for (int b = 0; b < byte; b++) other += is_printable(b) ? 0 : 1;
  std::string out;
  const int code = is_printable(byte) ? byte : other;
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

// BPE as Sennrich et al. (2016) train it, on one text.
inline std::shared_ptr<const Tokenizer> small_tokenizer() {
  static const std::shared_ptr<const Tokenizer> tokenizer = [] {
    const std::string text =
        R"({"name":"Mary","age":30,"tags":["one","two"],"open":true,"note":null,"price":12.5e10} the answer is the )"
        R"({"name":"John","age":41,"tags":["three"],"open":false,"city":"Paris","unit":"celsius","items":[{"id":1},)"
        R"({"id":2},{"id":3}],"nested":{"name":"another","value":[[1,2],[3,4]]},"text":"He said \"no\"\nand left."})"
        R"(","":"},{"],[","]}true,false,null] "error":{"code":404,"message":"not found"},"date":"2024-05-17")";
    TokenizerSpec spec;
    spec.pre = "smollm";
    const auto add = [&](std::string token, TokenizerSpec::TokenType type) {
      spec.tokens.push_back(std::move(token));
      spec.types.push_back(type);
    };
    add("<|end|>", TokenizerSpec::TokenType::control);
    for (int byte = 0; byte < 256; byte++) add(byte_letter(byte), TokenizerSpec::TokenType::normal);
    std::vector<std::string> pieces;
    for (const char c : text) pieces.push_back(byte_letter(static_cast<uint8_t>(c)));
    std::map<std::string, bool> known;
    while (spec.tokens.size() < kSmallVocabulary) {
      std::map<std::pair<std::string, std::string>, int> pairs;
      for (size_t i = 0; i + 1 < pieces.size(); i++) pairs[{pieces[i], pieces[i + 1]}]++;
      auto best = pairs.begin();
      for (auto it = pairs.begin(); it != pairs.end(); ++it) {
        if (it->second > best->second) best = it;
      }
      const auto [left, right] = best->first;
      std::vector<std::string> merged;
      for (size_t i = 0; i < pieces.size(); i++) {
        const bool joins = i + 1 < pieces.size() && pieces[i] == left && pieces[i + 1] == right;
        merged.push_back(joins ? left + right : pieces[i]);
        i += joins ? 1 : 0;
      }
      pieces = std::move(merged);
      if (!known.emplace(left + right, true).second) continue;
      spec.merges.push_back(left + " " + right);
      add(left + right, TokenizerSpec::TokenType::normal);
    }
    spec.eos = kSmallEnd;
    auto made = Tokenizer::create(std::move(spec));
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message());
    return *made;
  }();
  return tokenizer;
}

// Answers that follow a JSON schema.
inline std::shared_ptr<const AnswerGrammar> small_grammar(const std::string& schema) {
  static const std::shared_ptr<StateMasks> masks = StateMasks::of(*small_tokenizer());
  auto compiled = compile_schema(boost::json::parse(schema));
  EXPECT_TRUE(compiled.ok()) << schema << (compiled.ok() ? "" : compiled.error().message());
  return std::make_shared<AnswerGrammar>(
      AnswerGrammar{std::make_shared<const Grammar>(std::move(*compiled)), masks, small_tokenizer()});
}

// The bytes of an answer's tokens.
inline std::string small_text(const std::vector<TokenId>& tokens) {
  std::string text;
  for (const TokenId token : tokens) text += small_tokenizer()->bytes(token);
  return text;
}

// The longest token of letters alone.
inline TokenId a_word() {
  TokenId best = -1;
  size_t longest = 0;
  for (TokenId id = 0; id < kSmallVocabulary; id++) {
    const std::string bytes = small_tokenizer()->bytes(id);
    const bool is_word = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (is_word && bytes.size() > longest) {
      longest = bytes.size();
      best = id;
    }
  }
  return best;
}

}  // namespace understudy
