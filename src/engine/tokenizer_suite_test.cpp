// Runs the text files of tests/tokenizer (format: README.md there).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/tokenizer_from_file.h"
#include "formats/gguf.h"
#include "text/tokenizer.h"

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;

struct Case {
  int line = 0;
  bool trusted = false;
  std::vector<TokenId> ids;
  std::string text;
};

struct Suite {
  std::string model;  // empty: `toy`
  TokenizerSpec toy;
  std::string bos;
  std::vector<Case> cases;
};

std::string unescape(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n':
        bytes += '\n';
        break;
      case 'r':
        bytes += '\r';
        break;
      case 't':
        bytes += '\t';
        break;
      case 'x':
        bytes += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      default:
        bytes += text[i];
    }
  }
  return bytes;
}

std::string byte_token(Kind kind, int byte) {
  if (kind == Kind::sentencepiece_bpe) {
    std::ostringstream name;
    name << "<0x" << std::hex << std::uppercase << byte / 16 << byte % 16 << ">";
    return name.str();
  }
  // GPT-2's alphabet: printable Latin-1 as it is, the others as U+0100 and following.
  const auto printable = [](int b) { return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD); };
  int code_point = byte;
  if (!printable(byte)) {
    code_point = 0x100;
    for (int b = 0; b < byte; ++b) code_point += !printable(b);
  }
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xC0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 0x3F))};
}

void add_token(TokenizerSpec& spec, Type type, std::string text, float score) {
  spec.tokens.push_back(std::move(text));
  spec.types.push_back(type);
  spec.scores.push_back(score);
}

Type type_named(const std::string& name) {
  if (name == "control") return Type::control;
  if (name == "user_defined") return Type::user_defined;
  EXPECT_EQ(name, "normal");
  return Type::normal;
}

Suite read_suite(const std::filesystem::path& path) {
  Suite suite;
  std::ifstream file(path);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::istringstream words(line);
    std::string verb, first, second;
    if (!(words >> verb) || verb[0] == '#') continue;
    if (verb == "trusted" || verb == "data") {
      Case test{number, verb == "trusted", {}, {}};
      for (TokenId id; words >> id;) test.ids.push_back(id);
      const size_t bar = line.find(" | ");
      if (bar == std::string::npos)
        ADD_FAILURE() << path << ":" << number << ": no \" | \"";
      else
        test.text = unescape(std::string_view(line).substr(bar + 3));
      suite.cases.push_back(std::move(test));
    } else if (verb == "model") {
      words >> suite.model;
    } else if (verb == "kind") {
      words >> first;
      suite.toy.kind = first == "byte_bpe" ? Kind::byte_bpe : Kind::sentencepiece_bpe;
    } else if (verb == "pre") {
      words >> suite.toy.pre;
    } else if (verb == "bytes") {
      const Type type = suite.toy.kind == Kind::byte_bpe ? Type::normal : Type::byte;
      for (int byte = 0; byte < 256; ++byte) add_token(suite.toy, type, byte_token(suite.toy.kind, byte), 0);
    } else if (verb == "token") {
      float score = 0;
      words >> first >> second >> score;
      add_token(suite.toy, type_named(first), unescape(second), score);
    } else if (verb == "merge") {
      words >> first >> second;
      suite.toy.merges.push_back(first + " " + second);
    } else if (verb == "bos") {
      words >> suite.bos;
    } else {
      ADD_FAILURE() << path << ":" << number << ": unknown word " << verb;
    }
  }
  return suite;
}

Result<std::shared_ptr<const Tokenizer>> create(Suite& suite, const std::string& model_path) {
  if (suite.model.empty()) {
    for (size_t id = 0; id < suite.toy.tokens.size(); ++id) {
      if (suite.toy.tokens[id] == suite.bos) suite.toy.bos = static_cast<TokenId>(id);
    }
    suite.toy.add_bos = suite.toy.bos.has_value();
    return Tokenizer::create(suite.toy);
  }
  ASSIGN_OR_RETURN(const ModelFile file, read_gguf(model_path));
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  return Tokenizer::create(std::move(spec));
}

const std::filesystem::path kFolder = std::filesystem::path(UNDERSTUDY_SOURCE_DIR) / "tests" / "tokenizer";

std::vector<std::string> suite_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class TokenizerSuite : public testing::TestWithParam<std::string> {};

TEST_P(TokenizerSuite, GivesTheListedIds) {
  Suite suite = read_suite(kFolder / (GetParam() + ".txt"));
  ASSERT_FALSE(suite.cases.empty());
  std::string model_path;
  if (!suite.model.empty()) {
    const char* folder = std::getenv("UNDERSTUDY_MODELS");
    model_path = (std::filesystem::path(folder ? folder : "") / suite.model).string();
    if (!folder || !std::filesystem::exists(model_path)) {
      GTEST_SKIP() << "needs " << suite.model << " in the folder that UNDERSTUDY_MODELS names; get it with "
                   << "`understudy pull`";
    }
  }
  const auto tokenizer = create(suite, model_path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  for (const Case& test : suite.cases) {
    const PromptText prompt = test.trusted ? PromptText::trusted(test.text) : PromptText::data(test.text);
    EXPECT_EQ((*tokenizer)->encode(prompt, suite.model.empty()), test.ids)
        << GetParam() << ".txt, line " << test.line;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TokenizerSuite, testing::ValuesIn(suite_names()), [](const auto& instance) {
  std::string name = instance.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace understudy
