// What differs between the kinds of tokenizers: ids of a stretch of text that holds no special token.
// Immutable; safe to share between threads.
#pragma once

#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

class SegmentEncoder {
 public:
  virtual ~SegmentEncoder() = default;
  // Appends the ids of `segment` (valid UTF-8, at most kMaxSegmentBytes) to `ids`.
  virtual void encode(std::string_view segment, std::vector<TokenId>& ids) const = 0;
};

// Positions inside a segment are 32-bit; longer text between special tokens is cut at a character.
inline constexpr size_t kMaxSegmentBytes = size_t{1} << 28;

}  // namespace understudy
