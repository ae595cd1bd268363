// Strings that know which of their bytes came from outside: a template's string is a PromptText.
#pragma once

#include <string>
#include <string_view>

#include "text/prompt_text.h"

namespace understudy::jinja {

// Any untrusted byte at all.
inline bool is_tainted(const PromptText& text) { return !text.untrusted.empty(); }

PromptText slice_bytes(const PromptText& text, size_t begin, size_t end);

// The same bytes, all untrusted.
PromptText all_untrusted(PromptText text);

// Builds a string out of pieces; keeps the spans ascending, disjoint and merged. Stops growing beyond
// kMaxTextBytes and remembers that, so that callers check once, at the end (Runtime::finish).
class TextBuilder {
 public:
  void append(const PromptText& piece) { append(piece, 0, piece.text.size()); }
  void append(const PromptText& piece, size_t begin, size_t end);
  void append(std::string_view piece, bool untrusted);
  bool overflowed() const { return overflowed_; }
  const PromptText& text() const { return text_; }
  PromptText take() { return std::move(text_); }

 private:
  bool fits(size_t bytes);
  void mark(size_t begin, size_t end);
  PromptText text_;
  bool overflowed_ = false;
};

// Tells, for ascending positions, whether a byte of a text is untrusted.
class SpanCursor {
 public:
  explicit SpanCursor(const PromptText& text) : spans_(text.untrusted) {}
  bool untrusted(size_t at) {
    while (next_ < spans_.size() && spans_[next_].end <= at) ++next_;
    return next_ < spans_.size() && spans_[next_].begin <= at;
  }

 private:
  const std::vector<PromptText::Span>& spans_;
  size_t next_ = 0;
};

}  // namespace understudy::jinja
