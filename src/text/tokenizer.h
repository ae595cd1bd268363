// Text <-> token ids, identical to the model's own (Hugging Face) tokenizer. One Tokenizer serves all threads
// (immutable).
//
// Kinds: byte-level BPE (GPT-2 family: SmolLM2, Qwen 2.5, Llama 3), SentencePiece-style BPE with byte
// fallback (Gemma) and WordPiece (BERT); all O(n log n) on any text. Special tokens are matched before
// anything else, the longest of the leftmost: user-defined ones everywhere, control and unknown ones only
// where the prompt is trusted (prompt_text.h). Between special tokens, trusted and untrusted text is one
// string. Invalid UTF-8 counts as one U+FFFD per maximal invalid subpart, as Python's
// bytes.decode(errors="replace") gives it.
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
  enum class Kind { byte_bpe, sentencepiece_bpe, wordpiece, unigram };
  enum class TokenType : uint8_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
  };
  Kind kind = Kind::byte_bpe;
  std::string pre;  // pre-tokeniser name: "smollm", "qwen2", "llama-bpe"; byte-level BPE only
  // By id, as stored in a GGUF file. Byte-level BPE: in GPT-2's byte alphabet; the others: U+2581 for a space
  // (WordPiece: in front of the tokens that start a word, where tokenizer.json marks the others with "##").
  std::vector<std::string> tokens;
  std::vector<TokenType> types;  // same length as tokens
  // "left right", by rank. Byte-level BPE, and SentencePiece-style BPE that has no scores (Gemma 4).
  std::vector<std::string> merges;
  std::vector<float> scores;                    // SentencePiece-style BPE without merges, Unigram
  std::string charsmap;                         // Unigram: precompiled normalisation (charsmap.h) or nothing
  std::optional<TokenId> bos, eos, unknown;     // BERT: bos is [CLS], eos is [SEP]
  bool add_bos = false, add_eos = false;        // what the model wants around a text
  bool add_space_prefix = false;                // SentencePiece-style BPE, Unigram
  bool remove_extra_spaces = false;             // Unigram: at both ends, and all but one of a run
  bool lowercase = true, strip_accents = true;  // WordPiece
};

class Tokenizer {
 public:
  // Unknown `pre`, ids out of range, merges that name no token and the like are Errors that say what is
  // supported.
  static Result<std::shared_ptr<const Tokenizer>> create(TokenizerSpec spec);
  virtual ~Tokenizer() = default;

  // Ids of `prompt`. With add_special, the BOS token is put in front if the model wants one and the text does
  // not start with it already (a template that emits BOS gets no second one), and EOS behind if the model
  // wants one (encoders; [SEP] of BERT).
  virtual std::vector<TokenId> encode(const PromptText& prompt, bool add_special) const = 0;

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
