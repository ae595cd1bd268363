// tokenizer.json and its companions as keys of a GGUF file, on toys; the ids of real tokenizers are compared
// by bench/quality/hf_folder.py.
#include "formats/hf/tokenizer.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "formats/safetensors_builder_test.h"

namespace understudy {
namespace {

// Byte-level BPE with SmolLM2's pre-tokeniser; id 5 is missing.
const std::string kByteLevel = R"({
  "added_tokens": [{"id": 4, "content": "<s>", "special": true, "lstrip": false},
                   {"id": 6, "content": "<tool>", "special": false},
                   {"id": 99, "content": "<image>", "special": true}],
  "normalizer": null,
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
    {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]},
  "post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]}]},
  "model": {"type": "BPE", "unk_token": null, "byte_fallback": false, "ignore_merges": false,
    "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3, "<s>": 4}, "merges": [["a", "b"], "ab a"]}})";

// Of a SentencePiece model whose scores fall with the id. "abc" is "ab c" and "a bc".
const std::string kSentencePiece = R"({
  "added_tokens": [{"id": 0, "content": "<unk>", "special": true}],
  "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
  "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false},
  "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "fuse_unk": true,
    "vocab": {"<unk>": 0, "<0x41>": 1, "a": 2, "b": 3, "c": 4, "ab": 5, "bc": 6, "abc": 7},
    "merges": [["a", "b"], ["b", "c"], ["ab", "c"], ["a", "bc"]]}})";

const std::string kWordPiece = R"({
  "added_tokens": [{"id": 0, "content": "[UNK]", "special": true}, {"id": 1, "content": "[CLS]", "special": true},
                   {"id": 2, "content": "[SEP]", "special": true}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                 "strip_accents": false, "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
    {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
    "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "word": 3, "##ing": 4}}})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// A model with an embedding of ten rows; the tokenizer is read as load() reads it.
Result<ModelFile> open(const TestFolder& folder) {
  ModelFile file;
  file.tensors.push_back({"token_embd.weight", DType::f32, {4, 10}, {}});
  file.index();
  RETURN_IF_ERROR(add_hf_tokenizer(folder.path(), file));
  return file;
}

template <typename T>
std::vector<T> array(const ModelFile& file, const std::string& key) {
  const auto* values = file.metadata.array<T>("tokenizer.ggml." + key);
  return values ? *values : std::vector<T>();
}

TEST(HfTokenizer, ByteLevelBpe) {
  TestFolder folder;
  folder.write("tokenizer.json", kByteLevel);
  folder.write("tokenizer_config.json", R"({"bos_token": {"content": "<s>"}, "eos_token": null})");
  const auto file = open(folder);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const Metadata& keys = file->metadata;
  EXPECT_EQ(*keys.get<std::string>("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(*keys.get<std::string>("tokenizer.ggml.pre"), "smollm");
  EXPECT_EQ(array<std::string>(*file, "tokens"),
            (std::vector<std::string>{"a", "b", "ab", "aba", "<s>", "[PAD5]", "<tool>"}));
  EXPECT_EQ(array<int64_t>(*file, "token_type"), (std::vector<int64_t>{1, 1, 1, 1, 3, 5, 4}));
  EXPECT_EQ(array<std::string>(*file, "merges"), (std::vector<std::string>{"a b", "ab a"}));
  EXPECT_EQ(*keys.get<int64_t>("tokenizer.ggml.bos_token_id"), 4);
  EXPECT_FALSE(keys.has("tokenizer.ggml.eos_token_id"));
  EXPECT_TRUE(*keys.get<bool>("tokenizer.ggml.add_bos_token"));
  EXPECT_FALSE(*keys.get<bool>("tokenizer.ggml.add_eos_token"));
  EXPECT_FALSE(keys.has("tokenizer.chat_template"));
}

TEST(HfTokenizer, SentencePieceBpeGetsScoresOfItsMerges) {
  TestFolder folder;
  folder.write("tokenizer.json", kSentencePiece);
  const auto file = open(folder);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(*file->metadata.get<std::string>("tokenizer.ggml.model"), "llama");
  EXPECT_EQ(array<int64_t>(*file, "token_type"), (std::vector<int64_t>{2, 6, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(*file->metadata.get<int64_t>("tokenizer.ggml.unknown_token_id"), 0);
  const std::vector<double> scores = array<double>(*file, "scores");
  ASSERT_EQ(scores.size(), 8u);
  EXPECT_GT(scores[5], scores[6]);
  EXPECT_GT(scores[6], scores[7]);
  EXPECT_FALSE(*file->metadata.get<bool>("tokenizer.ggml.add_space_prefix"));
}

TEST(HfTokenizer, MergesThatFollowNoScoresStayMerges) {
  const struct {
    std::string from, to;
  } changes[] = {
      {R"(["ab", "c"], ["a", "bc"])", R"(["a", "bc"], ["ab", "c"])"},  // the longer left part goes first
      {R"(, ["a", "bc"])", ""},                                        // any two tokens may merge
      {R"(["b", "c"])", R"(["c", "b"])"},                              // cb is no token
  };
  for (const auto& change : changes) {
    TestFolder folder;
    folder.write("tokenizer.json", replaced(kSentencePiece, change.from, change.to));
    const auto file = open(folder);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_FALSE(file->metadata.has("tokenizer.ggml.scores")) << change.to;
    EXPECT_EQ(array<std::string>(*file, "merges").at(0), "a b");
  }
}

TEST(HfTokenizer, WordPiece) {
  TestFolder folder;
  folder.write("tokenizer.json", kWordPiece);
  folder.write("tokenizer_config.json", R"({"cls_token": "[CLS]", "sep_token": "[SEP]"})");
  const auto file = open(folder);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const Metadata& keys = file->metadata;
  EXPECT_EQ(*keys.get<std::string>("tokenizer.ggml.model"), "bert");
  EXPECT_EQ(array<std::string>(*file, "tokens"),
            (std::vector<std::string>{"[UNK]", "[CLS]", "[SEP]", "\xE2\x96\x81word", "ing"}));
  EXPECT_EQ(array<int64_t>(*file, "token_type"), (std::vector<int64_t>{2, 3, 3, 1, 1}));
  EXPECT_EQ(*keys.get<int64_t>("tokenizer.ggml.bos_token_id"), 1);
  EXPECT_EQ(*keys.get<int64_t>("tokenizer.ggml.eos_token_id"), 2);
  EXPECT_TRUE(*keys.get<bool>("tokenizer.ggml.add_bos_token"));
  EXPECT_TRUE(*keys.get<bool>("tokenizer.ggml.add_eos_token"));
  EXPECT_TRUE(*keys.get<bool>("tokenizer.ggml.normalizer.lowercase"));
  EXPECT_FALSE(*keys.get<bool>("tokenizer.ggml.normalizer.strip_accents"));
}

TEST(HfTokenizer, SpacePrefixOfNormalizerAndMetaspace) {
  const std::string normalizer = R"({"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})";
  const std::string pre =
      R"({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false})";
  const std::string prepending =
      R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, )" + normalizer +
      "]}";
  const auto metaspace = [](const std::string& scheme) {
    return R"({"type": "Metaspace", "replacement": "\u2581", "split": false, "prepend_scheme": ")" + scheme +
           "\"}";
  };
  const struct {
    std::string json;
    bool prefix;
  } cases[] = {{replaced(kSentencePiece, normalizer, prepending), true},
               {replaced(kSentencePiece, pre, metaspace("always")), true},
               {replaced(kSentencePiece, pre, metaspace("never")), false}};
  for (const auto& c : cases) {
    TestFolder folder;
    folder.write("tokenizer.json", c.json);
    const auto file = open(folder);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_EQ(*file->metadata.get<bool>("tokenizer.ggml.add_space_prefix"), c.prefix);
  }
}

TEST(HfTokenizer, SpecialTokensOfTheOtherFiles) {
  TestFolder folder;
  folder.write("tokenizer.json", kByteLevel);
  folder.write("tokenizer_config.json", R"({"add_bos_token": false})");
  folder.write("special_tokens_map.json", R"({"bos_token": "<s>"})");
  folder.write("config.json", R"({"bos_token_id": 1, "eos_token_id": 2})");
  folder.write("generation_config.json", R"({"eos_token_id": [6, 3, 1000]})");
  const auto file = open(folder);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(*file->metadata.get<int64_t>("tokenizer.ggml.bos_token_id"), 4);  // the token's name goes first
  EXPECT_EQ(*file->metadata.get<int64_t>("tokenizer.ggml.eos_token_id"), 2);
  EXPECT_FALSE(*file->metadata.get<bool>("tokenizer.ggml.add_bos_token"));
  EXPECT_EQ(*file->metadata.get<std::vector<int64_t>>(kEndTokenIdsKey), (std::vector<int64_t>{2, 3, 6}));
}

TEST(HfTokenizer, ChatTemplates) {
  const struct {
    std::string config, jinja, expected;
  } cases[] = {{R"({"chat_template": "one"})", "", "one"},
               {R"({"chat_template": [{"name": "tool_use", "template": "tools"},
                                      {"name": "default", "template": "two"}]})",
                "", "two"},
               {R"({"chat_template": "old"})", "new", "new"}};
  for (const auto& c : cases) {
    TestFolder folder;
    folder.write("tokenizer.json", kByteLevel);
    folder.write("tokenizer_config.json", c.config);
    if (!c.jinja.empty()) folder.write("chat_template.jinja", c.jinja);
    const auto file = open(folder);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_EQ(*file->metadata.get<std::string>("tokenizer.chat_template"), c.expected);
  }
}

TEST(HfTokenizer, MustBeThere) {
  TestFolder folder;
  const auto file = open(folder);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::not_found);
  EXPECT_NE(file.error().message().find("tokenizer.json"), std::string::npos);
}

struct Case {
  std::string name;
  const std::string* json;
  std::string from, to;
  ErrorCode code;
  std::string message;  // substring
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

std::vector<Case> bad_tokenizers() {
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  const auto *bytes = &kByteLevel, *pieces = &kSentencePiece, *words = &kWordPiece;
  return {
      {"another model", bytes, "\"BPE\"", "\"WordLevel\"", unsupported,
       "model.type: expected BPE or WordPiece, found \"WordLevel\""},
      {"no model", bytes, "\"model\"", "\"modell\"", corrupt, "model.vocab: expected an object"},
      {"no vocabulary", bytes, "\"vocab\"", "\"words\"", corrupt, "model.vocab: expected an object"},
      {"negative id", bytes, "\"a\": 0", "\"a\": -1", corrupt,
       "expected ids from 0 to 9 (rows of the embedding), found -1"},
      {"id beyond the embedding", bytes, "\"a\": 0", "\"a\": 10", corrupt, "found 10"},
      {"id as text", bytes, "\"a\": 0", "\"a\": \"0\"", corrupt, "found \"0\""},
      {"one id for two tokens", bytes, "\"a\": 0", "\"a\": 1", corrupt, "two tokens have the id 1"},
      {"token twice", bytes, "\"a\": 0", "\"a\": 0, \"a\": 5", corrupt, "duplicate key \"a\""},
      {"added token without id", bytes, "\"id\": 6,", "", corrupt,
       "added_tokens: expected objects with an id"},
      {"stripping token", bytes, "\"lstrip\": false", "\"lstrip\": true", unsupported,
       "added_tokens, <s>: expected lstrip false, found true"},
      {"another pre-tokeniser", bytes, "\"individual_digits\": true", "\"individual_digits\": false",
       unsupported, "expected the pre-tokeniser of llama-bpe, dbrx, qwen2"},
      {"another normaliser", bytes, "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFKC\"}",
       unsupported, "normalizer {\"type\":\"NFKC\"}"},
      {"prefix space", bytes, "\"add_prefix_space\": false", "\"add_prefix_space\": true", unsupported,
       "found pre_tokenizer"},
      {"word endings", bytes, "\"unk_token\": null", "\"end_of_word_suffix\": \"</w>\"", unsupported,
       "model.end_of_word_suffix: expected none, found \"</w>\""},
      {"merges that are no list", bytes, "[[\"a\", \"b\"], \"ab a\"]", "{}", corrupt,
       "model.merges: expected an array"},
      {"merge of one", bytes, "\"ab a\"", "\"aba\"", corrupt, "expected two tokens, found \"aba\""},
      {"merge of three", bytes, "[\"a\", \"b\"]", "[\"a\", \"b\", \"a\"]", corrupt, "expected two tokens"},
      {"lower case", pieces, "{\"type\": \"Replace\", \"pattern\"", "{\"type\": \"Lowercase\", \"pattern\"",
       unsupported, "normalizer: expected U+2581 for spaces"},
      {"words split", pieces, "\"String\": \" \"}, \"behavior\"", "\"String\": \"a\"}, \"behavior\"",
       unsupported, "pre_tokenizer: expected none"},
      {"another mark", words, "\"##\"", "\"@@\"", unsupported,
       "model.continuing_subword_prefix: expected ##, found \"@@\""},
      {"uncleaned text", words, "\"clean_text\": true", "\"clean_text\": false", unsupported,
       "normalizer: expected BertNormalizer"},
      {"another splitter", words, "BertPreTokenizer", "Whitespace", unsupported,
       "pre_tokenizer: expected BertPreTokenizer, found {\"type\":\"Whitespace\"}"},
      {"no unknown token", words, "\"unk_token\": \"[UNK]\"", "\"unk_token\": \"[unk]\"", corrupt,
       "model.unk_token: expected a token, found \"[unk]\""},
  };
}

class BadHfTokenizer : public testing::TestWithParam<Case> {};

TEST_P(BadHfTokenizer, GivesTheRightError) {
  TestFolder folder;
  folder.write("tokenizer.json", replaced(*GetParam().json, GetParam().from, GetParam().to));
  const auto file = open(folder);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, GetParam().code) << file.error().message();
  EXPECT_NE(file.error().message().find(GetParam().message), std::string::npos) << file.error().message();
  EXPECT_NE(file.error().where.find("tokenizer.json"), std::string::npos) << file.error().message();
}

INSTANTIATE_TEST_SUITE_P(Files, BadHfTokenizer, testing::ValuesIn(bad_tokenizers()));

}  // namespace
}  // namespace understudy
