// The tokens of a tokenizer.json by id: those of its model and those added to it.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace understudy {

// Movable; the index refers to the texts.
class HfVocabulary {
 public:
  HfVocabulary(HfVocabulary&&) = default;
  // GGUF's numbers (tokenizer.ggml.token_type).
  enum Type : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

  // `max_ids`: rows of the embedding. Added tokens beyond them are left out (Gemma 3 adds one for images that
  // its text models have no row for), other ids beyond them are an Error. `path` is for errors.
  static Result<HfVocabulary> read(const boost::json::object& tokenizer, int64_t max_ids,
                                   const std::string& path);

  const std::vector<std::string>& texts() const { return texts_; }
  const std::vector<int64_t>& types() const { return types_; }
  std::optional<int64_t> find(std::string_view text) const;
  void set_type(int64_t id, Type type) { types_[static_cast<size_t>(id)] = type; }
  // Tokens that text may merge into.
  bool merges(int64_t id) const;

 private:
  HfVocabulary() = default;
  Status place(std::string_view text, int64_t id, Type type);

  std::vector<std::string> texts_;
  std::vector<int64_t> types_;
  std::unordered_map<std::string_view, int64_t> ids_;  // of texts_
};

}  // namespace understudy
