#include "formats/hf/wordpiece.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "formats/hf/json_members.h"

namespace understudy {

namespace {

namespace json = boost::json;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581
constexpr std::string_view kInsideWord = "##";
const std::string kPrefix = "tokenizer.ggml.";

Status expect(bool as_expected, const char* key, const char* expected, const json::value* found,
              const std::string& path) {
  if (as_expected) return {};
  return Error{ErrorCode::unsupported,
               fmt::format("{}: expected {}, found {}", key, expected, shown_json(found)), path, ""};
}

// Tokens that start a word get a mark, those inside one lose theirs; names in brackets stay.
std::vector<std::string> spelled_as_gguf(const HfVocabulary& vocabulary) {
  std::vector<std::string> tokens;
  tokens.reserve(vocabulary.texts().size());
  for (size_t id = 0; id < vocabulary.texts().size(); ++id) {
    const std::string& text = vocabulary.texts()[id];
    if (vocabulary.types()[id] != HfVocabulary::kNormal) {
      tokens.push_back(text);
    } else if (text.starts_with(kInsideWord)) {
      tokens.push_back(text.substr(kInsideWord.size()));
    } else {
      tokens.push_back(std::string(kSpaceMark) + text);
    }
  }
  return tokens;
}

}  // namespace

Status add_hf_wordpiece(const json::object& tokenizer, HfVocabulary& vocabulary, const std::string& path,
                        Metadata& metadata) {
  const json::object* model = object_of(tokenizer, "model");
  const json::object* normalizer = object_of(tokenizer, "normalizer");
  const json::object* pre = object_of(tokenizer, "pre_tokenizer");
  if (model == nullptr) return Error{ErrorCode::corrupt, "model: expected an object", path, ""};
  RETURN_IF_ERROR(expect(text_of(*model, "continuing_subword_prefix") == kInsideWord,
                         "model.continuing_subword_prefix", "##",
                         member_of(*model, "continuing_subword_prefix"), path));
  RETURN_IF_ERROR(expect(normalizer && text_of(*normalizer, "type") == "BertNormalizer" &&
                             flag_of(*normalizer, "clean_text", true) &&
                             flag_of(*normalizer, "handle_chinese_chars", true),
                         "normalizer", "BertNormalizer that cleans and parts ideographs",
                         member_of(tokenizer, "normalizer"), path));
  RETURN_IF_ERROR(expect(pre && text_of(*pre, "type") == "BertPreTokenizer", "pre_tokenizer",
                         "BertPreTokenizer", member_of(tokenizer, "pre_tokenizer"), path));
  const auto unknown = vocabulary.find(text_of(*model, "unk_token"));
  if (!unknown) {
    return Error{ErrorCode::corrupt,
                 fmt::format("model.unk_token: expected a token, found {}",
                             shown_json(member_of(*model, "unk_token"))),
                 path, ""};
  }
  vocabulary.set_type(*unknown, HfVocabulary::kUnknown);
  const bool lowercase = flag_of(*normalizer, "lowercase", true);
  metadata.set(kPrefix + "model", "bert");
  metadata.set(kPrefix + "unknown_token_id", *unknown);
  metadata.set(kPrefix + "normalizer.lowercase", lowercase);
  metadata.set(kPrefix + "normalizer.strip_accents", flag_of(*normalizer, "strip_accents", lowercase));
  metadata.set(kPrefix + "tokens", spelled_as_gguf(vocabulary));
  return {};
}

}  // namespace understudy
