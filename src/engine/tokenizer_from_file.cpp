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
  if (model == "llama" || model == "gemma4") return Kind::sentencepiece_bpe;
  if (model == "bert") return Kind::wordpiece;
  if (model == "t5") return Kind::unigram;
  return Error{ErrorCode::unsupported, "tokenizer kind \"" + model + "\"", kPrefix + "model",
               "Supported: gpt2 (byte-level BPE), llama and gemma4 (SentencePiece BPE), bert (WordPiece), "
               "t5 (Unigram)"};
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

// The customs of each kind, for what a file leaves out, are those of llama.cpp (src/llama-vocab.cpp).
Status read_byte_bpe(const ModelFile& file, TokenizerSpec& spec) {
  ASSIGN_OR_RETURN(const auto* merges, array_of<std::string>(file, "merges"));
  spec.merges = *merges;
  ASSIGN_OR_RETURN(spec.pre, file.metadata.get<std::string>(kPrefix + "pre"));
  spec.add_bos = spec.bos && (spec.pre == "llama-bpe" || spec.pre == "lfm2");
  return {};
}

Status read_scores(const ModelFile& file, TokenizerSpec& spec) {
  ASSIGN_OR_RETURN(const auto* scores, array_of<double>(file, "scores"));
  spec.scores.assign(scores->begin(), scores->end());
  return {};
}

Status read_sentencepiece_bpe(const ModelFile& file, TokenizerSpec& spec) {
  if (file.metadata.has(kPrefix + "merges")) {  // Gemma 4, whose scores say nothing
    ASSIGN_OR_RETURN(const auto* merges, array_of<std::string>(file, "merges"));
    spec.merges = *merges;
  } else {
    RETURN_IF_ERROR(read_scores(file, spec));
  }
  ASSIGN_OR_RETURN(spec.add_space_prefix, file.metadata.get_or<bool>(kPrefix + "add_space_prefix", true));
  spec.add_bos = spec.bos.has_value();
  return {};
}

Status read_wordpiece(const ModelFile& file, TokenizerSpec& spec) {
  ASSIGN_OR_RETURN(const auto cls, id_of(file, "cls_token_id"));
  ASSIGN_OR_RETURN(const auto sep, id_of(file, "seperator_token_id"));  // so spelled in GGUF
  if (cls) spec.bos = cls;
  if (sep) spec.eos = sep;
  spec.add_bos = spec.bos.has_value();
  spec.add_eos = spec.eos.has_value();
  ASSIGN_OR_RETURN(spec.lowercase, file.metadata.get_or<bool>(kPrefix + "normalizer.lowercase", true));
  ASSIGN_OR_RETURN(spec.strip_accents,
                   file.metadata.get_or<bool>(kPrefix + "normalizer.strip_accents", spec.lowercase));
  // Converters type [UNK] as control with the other names in brackets, but words that cannot be spelled
  // become it.
  if (spec.unknown && static_cast<size_t>(*spec.unknown) < spec.types.size() && spec.unknown != spec.bos &&
      spec.unknown != spec.eos) {
    spec.types[static_cast<size_t>(*spec.unknown)] = Type::unknown;
  }
  return {};
}

Status read_unigram(const ModelFile& file, TokenizerSpec& spec) {
  RETURN_IF_ERROR(read_scores(file, spec));
  ASSIGN_OR_RETURN(spec.add_space_prefix, file.metadata.get_or<bool>(kPrefix + "add_space_prefix", false));
  ASSIGN_OR_RETURN(spec.remove_extra_spaces,
                   file.metadata.get_or<bool>(kPrefix + "remove_extra_whitespaces", false));
  if (file.metadata.has(kPrefix + "precompiled_charsmap")) {
    ASSIGN_OR_RETURN(const auto* bytes, array_of<int64_t>(file, "precompiled_charsmap"));
    spec.charsmap.assign(bytes->begin(), bytes->end());  // of int8 or uint8
  }
  spec.add_eos = spec.eos.has_value();
  return {};
}

Status read_kind(const ModelFile& file, TokenizerSpec& spec) {
  switch (spec.kind) {
    case Kind::byte_bpe:
      return read_byte_bpe(file, spec);
    case Kind::sentencepiece_bpe:
      return read_sentencepiece_bpe(file, spec);
    case Kind::wordpiece:
      return read_wordpiece(file, spec);
    case Kind::unigram:
      return read_unigram(file, spec);
  }
  return {};
}

}  // namespace

Result<TokenizerSpec> tokenizer_spec(const ModelFile& file) {
  TokenizerSpec spec;
  ASSIGN_OR_RETURN(spec.kind, kind_of(file));
  ASSIGN_OR_RETURN(const auto* tokens, array_of<std::string>(file, "tokens"));
  spec.tokens = *tokens;
  ASSIGN_OR_RETURN(spec.types, types_of(file));
  ASSIGN_OR_RETURN(spec.bos, id_of(file, "bos_token_id"));
  ASSIGN_OR_RETURN(spec.eos, id_of(file, "eos_token_id"));
  ASSIGN_OR_RETURN(spec.unknown, id_of(file, "unknown_token_id"));
  RETURN_IF_ERROR(read_kind(file, spec));
  ASSIGN_OR_RETURN(spec.add_bos, file.metadata.get_or<bool>(kPrefix + "add_bos_token", spec.add_bos));
  ASSIGN_OR_RETURN(spec.add_eos, file.metadata.get_or<bool>(kPrefix + "add_eos_token", spec.add_eos));
  return spec;
}

}  // namespace understudy
