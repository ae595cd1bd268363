#include "formats/hf/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/mapped_file.h"
#include "formats/hf/bpe.h"
#include "formats/hf/checkpoint.h"
#include "formats/hf/vocabulary.h"
#include "formats/hf/wordpiece.h"
#include "formats/limits.h"

namespace understudy {

namespace {

namespace json = boost::json;

const std::string kPrefix = "tokenizer.ggml.";
const std::string kTokenizer = "tokenizer.json", kTokenizerConfig = "tokenizer_config.json";
const std::string kTemplateFile = "chat_template.jinja";

// What is there of a file that may be missing.
Result<json::object> read_optional(const std::string& folder, const std::string& name) {
  if (!has_hf_file(folder, name)) return json::object();
  return read_hf_json(folder, name, kMaxHfJsonBytes);
}

Status add_model(const json::object& tokenizer, HfVocabulary& vocabulary, const std::string& path,
                 Metadata& metadata) {
  const json::value* model = tokenizer.if_contains("model");
  const json::value* type = model && model->is_object() ? model->get_object().if_contains("type") : nullptr;
  if (type == nullptr || !type->is_string())
    return Error{ErrorCode::corrupt, "model.type: expected a text, found none", path, ""};
  if (type->get_string() == "BPE") return add_hf_bpe(tokenizer, vocabulary, path, metadata);
  if (type->get_string() == "WordPiece") return add_hf_wordpiece(tokenizer, vocabulary, path, metadata);
  return Error{
      ErrorCode::unsupported,
      "model.type: expected BPE or WordPiece, found " + json::serialize(*type).substr(0, kMaxShownBytes),
      path, ""};
}

// The spelling of a special token: a text, or an object with its content.
std::optional<std::string> spelling(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value != nullptr && value->is_object()) value = value->get_object().if_contains("content");
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

// The files that name special tokens, and what they agree on in the order in which transformers asks.
struct SpecialNames {
  json::object tokenizer_config, special_tokens_map, generation_config, config;

  // "bos": the id of bos_token, or bos_token_id where no file spells the token.
  std::optional<int64_t> find(const std::string& name, const HfVocabulary& vocabulary) const {
    const std::string token = name + "_token", id = name + "_token_id";
    for (const json::object* file : {&tokenizer_config, &special_tokens_map}) {
      if (!file->contains(token)) continue;
      const auto text = spelling(*file, token);
      return text ? vocabulary.find(*text) : std::nullopt;  // null: the tokenizer has none
    }
    const json::value* value = config.if_contains(id);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0 ||
        value->get_int64() >= static_cast<int64_t>(vocabulary.texts().size()))
      return std::nullopt;
    return value->get_int64();
  }

  // eos_token_id, one or several, of both configs.
  std::vector<int64_t> end_tokens(const HfVocabulary& vocabulary) const {
    std::set<int64_t> ids;
    auto add = [&](const json::value& id) {
      if (id.is_int64() && id.get_int64() >= 0 &&
          id.get_int64() < static_cast<int64_t>(vocabulary.texts().size()))
        ids.insert(id.get_int64());
    };
    for (const json::object* file : {&generation_config, &config}) {
      const json::value* value = file->if_contains("eos_token_id");
      if (value == nullptr) continue;
      if (value->is_array()) {
        for (const json::value& id : value->get_array()) add(id);
      } else {
        add(*value);
      }
    }
    return {ids.begin(), ids.end()};
  }
};

// The special token at one end of post_processor's template for one text, if there is a template.
std::optional<std::string> template_token(const json::object& tokenizer, bool front) {
  const json::value* processor = tokenizer.if_contains("post_processor");
  if (processor == nullptr || !processor->is_object()) return std::nullopt;
  std::vector<const json::object*> steps{&processor->get_object()};
  if (const json::value* list = steps[0]->if_contains("processors"); list && list->is_array()) {
    steps.clear();
    for (const json::value& entry : list->get_array()) {
      if (const json::object* step = entry.if_object()) steps.push_back(step);
    }
  }
  for (const json::object* step : steps) {
    const json::value* single = step->if_contains("single");
    if (single == nullptr || !single->is_array() || single->get_array().empty()) continue;
    const json::array& parts = single->get_array();
    const json::object* part = (front ? parts.front() : parts.back()).if_object();
    const json::value* token = part ? part->if_contains("SpecialToken") : nullptr;
    if (token != nullptr && token->is_object()) return spelling(token->get_object(), "id");
  }
  return std::nullopt;
}

// Whether the model wants `token` at that end of every text.
bool wants(const json::object& tokenizer, const SpecialNames& names, const char* key, bool front,
           const std::optional<int64_t>& token, const HfVocabulary& vocabulary) {
  if (!token) return false;
  const json::value* said = names.tokenizer_config.if_contains(key);
  if (said != nullptr && said->is_bool()) return said->get_bool();
  const auto text = template_token(tokenizer, front);
  return text && vocabulary.find(*text) == token;
}

// chat_template.jinja, or chat_template of tokenizer_config.json: a text, or several of which one is default.
Result<std::optional<std::string>> chat_template(const std::string& folder, const json::object& config) {
  if (has_hf_file(folder, kTemplateFile)) {
    ASSIGN_OR_RETURN(const auto mapping, MappedFile::open(folder + "/" + kTemplateFile));
    const auto bytes = mapping->bytes();
    if (bytes.size() <= kMaxHfJsonBytes)
      return std::optional(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    return Error{ErrorCode::unsupported,
                 fmt::format("expected at most {} bytes, found {}", kMaxHfJsonBytes, bytes.size()),
                 folder + "/" + kTemplateFile, ""};
  }
  if (const json::value* several = config.if_contains("chat_template"); several && several->is_array()) {
    for (const json::value& entry : several->get_array()) {
      if (entry.is_object() && spelling(entry.get_object(), "name") == "default")
        return spelling(entry.get_object(), "template");
    }
  }
  return spelling(config, "chat_template");
}

}  // namespace

Status add_hf_tokenizer(const std::string& folder, ModelFile& file) {
  const std::string path = folder + "/" + kTokenizer;
  if (!has_hf_file(folder, kTokenizer)) {
    return Error{ErrorCode::not_found, "the folder has no " + kTokenizer, folder,
                 "Save it with transformers: AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)"};
  }
  const TensorView* embedding = file.tensor("token_embd.weight");
  const int64_t rows = embedding ? embedding->shape.back() : 0;
  ASSIGN_OR_RETURN(const json::object tokenizer, read_hf_json(folder, kTokenizer, kMaxHfTokenizerBytes));
  ASSIGN_OR_RETURN(HfVocabulary vocabulary, HfVocabulary::read(tokenizer, rows, path));
  RETURN_IF_ERROR(add_model(tokenizer, vocabulary, path, file.metadata));

  SpecialNames names;
  ASSIGN_OR_RETURN(names.tokenizer_config, read_optional(folder, kTokenizerConfig));
  ASSIGN_OR_RETURN(names.special_tokens_map, read_optional(folder, "special_tokens_map.json"));
  ASSIGN_OR_RETURN(names.generation_config, read_optional(folder, "generation_config.json"));
  ASSIGN_OR_RETURN(names.config, read_optional(folder, "config.json"));
  // BERT's texts stand between [CLS] and [SEP].
  auto bos = names.find("bos", vocabulary), eos = names.find("eos", vocabulary);
  if (!bos) bos = names.find("cls", vocabulary);
  if (!eos) eos = names.find("sep", vocabulary);
  if (bos) file.metadata.set(kPrefix + "bos_token_id", *bos);
  if (eos) file.metadata.set(kPrefix + "eos_token_id", *eos);
  file.metadata.set(kPrefix + "add_bos_token",
                    wants(tokenizer, names, "add_bos_token", true, bos, vocabulary));
  file.metadata.set(kPrefix + "add_eos_token",
                    wants(tokenizer, names, "add_eos_token", false, eos, vocabulary));
  file.metadata.set(kEndTokenIdsKey, names.end_tokens(vocabulary));
  ASSIGN_OR_RETURN(auto source, chat_template(folder, names.tokenizer_config));
  if (source) file.metadata.set("tokenizer.chat_template", std::move(*source));
  file.metadata.set(kPrefix + "token_type", vocabulary.types());
  return {};
}

}  // namespace understudy
