// Text <-> token ids, identical to the model's own (Hugging Face) tokenizer. One Tokenizer serves all threads
// (immutable).
//
// Kinds: byte-level BPE (GPT-2 family: SmolLM2, Qwen 2.5, Llama 3) and SentencePiece-style BPE with byte
// fallback (Gemma); both O(n log n) on any text. Special tokens are matched before anything else, the longest
// of the leftmost: user-defined ones everywhere, control and unknown ones only where the prompt is trusted
// (prompt_text.h). Between special tokens, trusted and untrusted text is one string. Invalid UTF-8 counts as
// one U+FFFD per maximal invalid subpart, as Python's bytes.decode(errors="replace") gives it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/prompt_text.h"

namespace understudy {

using TokenId = int32_t;

// Everything a tokenizer needs, free of file formats (engine/tokenizer_from_file.h fills it).
struct TokenizerSpec {
  enum class Kind { byte_bpe, sentencepiece_bpe };
  enum class TokenType : uint8_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
  };
  Kind kind = Kind::byte_bpe;
  std::string pre;  // pre-tokeniser name: "smollm", "qwen2", "llama-bpe"; unused for sentencepiece
  std::vector<std::string> tokens;  // by id, as stored in the file (byte-level BPE: GPT-2 byte alphabet)
  std::vector<TokenType> types;     // same length as tokens
  std::vector<float> scores;        // sentencepiece only
  std::vector<std::string> merges;  // byte-level BPE only: "left right", by rank
  std::optional<TokenId> bos, eos, unknown;
  bool add_bos = false;
  bool add_space_prefix = false;
};

class Tokenizer {
 public:
  // Unknown `pre`, ids out of range, merges that name no token and the like are Errors that say what is
  // supported.
  static Result<std::shared_ptr<const Tokenizer>> create(TokenizerSpec spec);
  virtual ~Tokenizer() = default;

  // Ids of `prompt`. With add_bos, the BOS token is put in front if the model wants one and the text does not
  // start with it already (a template that emits BOS gets no second one).
  virtual std::vector<TokenId> encode(const PromptText& prompt, bool add_bos) const = 0;

  // The raw bytes of a token, perhaps part of a UTF-8 character. Control, unknown and unused tokens give ""
  // unless `special` is set; so do ids outside the vocabulary.
  virtual std::string bytes(TokenId id, bool special = false) const = 0;
  // The bytes of all `ids` as text, with U+FFFD for what is not UTF-8.
  std::string decode(const std::vector<TokenId>& ids, bool special = false) const;

  virtual TokenId size() const = 0;               // vocabulary size V
  virtual bool is_control(TokenId id) const = 0;  // control or unknown
  // The special token spelled `token` ("<|im_end|>"), else the token that stands for these bytes (" the").
  virtual std::optional<TokenId> find(std::string_view token) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual std::optional<TokenId> eos() const = 0;
};

}  // namespace understudy
