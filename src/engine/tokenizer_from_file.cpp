#include "engine/tokenizer_from_file.h"

#include <limits>

namespace understudy {
namespace {

using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;

const std::string kPrefix = "tokenizer.ggml.";

template <typename T>
Result<const std::vector<T>*> array_of(const ModelFile& file, const std::string& name) {
  if (const auto* values = file.metadata.array<T>(kPrefix + name)) return values;
  const bool present = file.metadata.has(kPrefix + name);
  return Error{ErrorCode::corrupt,
               kPrefix + name + (present ? " is not an array of the expected type" : " is missing"),
               file.path, "The file holds no complete tokenizer; get it from another source"};
}

Result<Kind> kind_of(const ModelFile& file) {
  ASSIGN_OR_RETURN(const std::string model, file.metadata.get<std::string>(kPrefix + "model"));
  if (model == "gpt2") return Kind::byte_bpe;
  if (model == "llama") return Kind::sentencepiece_bpe;
  return Error{ErrorCode::unsupported, "tokenizer kind \"" + model + "\"", kPrefix + "model",
               "Supported: gpt2 (byte-level BPE), llama (SentencePiece BPE)"};
}

Result<std::vector<Type>> types_of(const ModelFile& file) {
  ASSIGN_OR_RETURN(const auto* values, array_of<int64_t>(file, "token_type"));
  std::vector<Type> types;
  types.reserve(values->size());
  for (const int64_t value : *values) {
    if (value < static_cast<int64_t>(Type::normal) || value > static_cast<int64_t>(Type::byte)) {
      return Error{
          ErrorCode::corrupt,
          "token " + std::to_string(types.size()) + " has type " + std::to_string(value) + ", not 1 to 6",
          kPrefix + "token_type", "The tokenizer in this file is damaged; get the file again"};
    }
    types.push_back(static_cast<Type>(value));
  }
  return types;
}

Result<std::optional<TokenId>> id_of(const ModelFile& file, const std::string& name) {
  const std::string key = kPrefix + name;
  if (!file.metadata.has(key)) return std::optional<TokenId>();
  ASSIGN_OR_RETURN(const int64_t id, file.metadata.get<int64_t>(key));
  if (id < 0 || id > std::numeric_limits<TokenId>::max()) {
    return Error{ErrorCode::corrupt, "id " + std::to_string(id) + " is out of range", key,
                 "The tokenizer in this file is damaged; get the file again"};
  }
  return std::optional<TokenId>(static_cast<TokenId>(id));
}

}  // namespace

Result<TokenizerSpec> tokenizer_spec(const ModelFile& file) {
  TokenizerSpec spec;
  ASSIGN_OR_RETURN(spec.kind, kind_of(file));
  const bool sentencepiece = spec.kind == Kind::sentencepiece_bpe;
  ASSIGN_OR_RETURN(const auto* tokens, array_of<std::string>(file, "tokens"));
  spec.tokens = *tokens;
  ASSIGN_OR_RETURN(spec.types, types_of(file));
  if (sentencepiece) {
    ASSIGN_OR_RETURN(const auto* scores, array_of<double>(file, "scores"));
    spec.scores.assign(scores->begin(), scores->end());
  } else {
    ASSIGN_OR_RETURN(const auto* merges, array_of<std::string>(file, "merges"));
    spec.merges = *merges;
    ASSIGN_OR_RETURN(spec.pre, file.metadata.get<std::string>(kPrefix + "pre"));
  }
  ASSIGN_OR_RETURN(spec.bos, id_of(file, "bos_token_id"));
  ASSIGN_OR_RETURN(spec.eos, id_of(file, "eos_token_id"));
  ASSIGN_OR_RETURN(spec.unknown, id_of(file, "unknown_token_id"));
  // Files that say nothing mean their kind's custom: SentencePiece models start with BOS and a space; of the
  // byte-level ones only Llama 3 starts with BOS (llama.cpp, src/llama-vocab.cpp).
  const bool customary_bos = sentencepiece || spec.pre == "llama-bpe" || spec.pre == "lfm2";
  ASSIGN_OR_RETURN(spec.add_bos, file.metadata.get_or<bool>(kPrefix + "add_bos_token",
                                                            customary_bos && spec.bos.has_value()));
  ASSIGN_OR_RETURN(spec.add_space_prefix,
                   file.metadata.get_or<bool>(kPrefix + "add_space_prefix", sentencepiece));
  return spec;
}

}  // namespace understudy
