#include "formats/hf/vocabulary.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "formats/limits.h"

namespace understudy {

namespace json = boost::json;

namespace {

Error corrupt(std::string what, const std::string& path) {
  return {ErrorCode::corrupt, std::move(what), path, ""};
}

struct AddedToken {
  std::string text;
  int64_t id = 0;
  HfVocabulary::Type type = HfVocabulary::kControl;
};

bool is_true(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Result<AddedToken> read_added(const json::value& entry, const std::string& path) {
  const json::object* object = entry.if_object();
  const json::value* id = object ? object->if_contains("id") : nullptr;
  const json::value* content = object ? object->if_contains("content") : nullptr;
  if (!id || !id->is_int64() || id->get_int64() < 0 || !content || !content->is_string()) {
    return corrupt("added_tokens: expected objects with an id and a content", path);
  }
  AddedToken token{std::string(content->get_string()), id->get_int64(), HfVocabulary::kControl};
  if (!is_true(*object, "special")) token.type = HfVocabulary::kUserDefined;
  for (const char* flag : {"lstrip", "rstrip", "single_word"}) {
    if (!is_true(*object, flag)) continue;
    return Error{ErrorCode::unsupported,
                 fmt::format("added_tokens, {}: expected {} false, found true",
                             token.text.substr(0, kMaxShownBytes), flag),
                 path, ""};
  }
  return token;
}

}  // namespace

Result<HfVocabulary> HfVocabulary::read(const json::object& tokenizer, int64_t max_ids,
                                        const std::string& path) {
  HfVocabulary vocabulary;
  const json::value* model = tokenizer.if_contains("model");
  const json::value* vocab = model && model->is_object() ? model->get_object().if_contains("vocab") : nullptr;
  if (!vocab || !vocab->is_object()) return corrupt("model.vocab: expected an object", path);
  for (const auto& [text, id] : vocab->get_object()) {
    if (!id.is_int64() || id.get_int64() < 0 || id.get_int64() >= max_ids) {
      return corrupt(fmt::format("model.vocab: expected ids from 0 to {} (rows of the embedding), found {}",
                                 max_ids - 1, json::serialize(id).substr(0, kMaxShownBytes)),
                     path);
    }
    if (!vocabulary.place(text, id.get_int64(), kNormal).ok())
      return corrupt(fmt::format("model.vocab: two tokens have the id {}", id.get_int64()), path);
  }
  if (const json::value* added = tokenizer.if_contains("added_tokens")) {
    if (!added->is_array()) return corrupt("added_tokens: expected an array", path);
    for (const json::value& entry : added->get_array()) {
      ASSIGN_OR_RETURN(const AddedToken token, read_added(entry, path));
      if (token.id >= max_ids) continue;
      RETURN_IF_ERROR(vocabulary.place(token.text, token.id, token.type));
    }
  }
  // Ids that the file leaves out are named as GGUF converters do.
  vocabulary.ids_.reserve(vocabulary.texts_.size());
  for (size_t id = 0; id < vocabulary.texts_.size(); ++id) {
    if (vocabulary.types_[id] == 0) {
      vocabulary.texts_[id] = fmt::format("[PAD{}]", id);
      vocabulary.types_[id] = kUnused;
    }
    vocabulary.ids_.emplace(vocabulary.texts_[id], static_cast<int64_t>(id));
  }
  return vocabulary;
}

// Error: a token of the model on a taken id.
Status HfVocabulary::place(std::string_view text, int64_t id, Type type) {
  const auto at = static_cast<size_t>(id);
  if (at >= texts_.size()) {
    texts_.resize(at + 1);
    types_.resize(at + 1, 0);
  }
  if (type == kNormal && types_[at] != 0) return Error{ErrorCode::corrupt, "", "", ""};
  texts_[at] = text;
  types_[at] = type;
  return {};
}

std::optional<int64_t> HfVocabulary::find(std::string_view text) const {
  const auto found = ids_.find(text);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

bool HfVocabulary::merges(int64_t id) const {
  const int64_t type = types_[static_cast<size_t>(id)];
  return type == kNormal || type == kUserDefined;
}

}  // namespace understudy
