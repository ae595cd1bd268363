// Splits text into the words inside which byte-level BPE merges: the regular expressions of each model
// family, each on the pieces of the one before, run by PCRE2's just-in-time compiler. What is a letter or
// digit is decided by PCRE2's edition of Unicode (10.42: 14.0), so characters of later editions may be split
// otherwise than by a newer library. Immutable; safe to share between threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct pcre2_real_code_8;

namespace understudy {

class Pretokenizer {
 public:
  // `name` as in GGUF's tokenizer.ggml.pre. Error{unsupported} lists the known names.
  static Result<Pretokenizer> create(std::string_view name);

  bool normalizes() const { return normalizes_; }          // the text goes through NFC first
  bool ignores_merges() const { return ignores_merges_; }  // a word that is a token needs no merges

  // Calls word(view) for the consecutive pieces of `text` (valid UTF-8); together they are `text`. What the
  // expressions do not match is a piece too, as with Hugging Face's Split(Isolated).
  void split(std::string_view text, const std::function<void(std::string_view)>& word) const;

 private:
  using Code = std::shared_ptr<const pcre2_real_code_8>;
  class Scratch;

  Pretokenizer(std::vector<Code> stages, bool normalizes, bool ignores_merges)
      : stages_(std::move(stages)), normalizes_(normalizes), ignores_merges_(ignores_merges) {}
  void split_from(size_t stage, std::string_view text, Scratch& scratch,
                  const std::function<void(std::string_view)>& word) const;

  std::vector<Code> stages_;
  bool normalizes_;
  bool ignores_merges_;
};

}  // namespace understudy
