// LoopDetector: tells, token by token, that an answer has begun to repeat itself without end (a "doom loop").
//
// exact    A span of 1 to 512 tokens, 4 times in a row and at least 60 characters long together (the definition of
//          Liquid AI's Antidoom, 2026). What holds no letter or is one character over and over (rules of dashes,
//          blank lines, tables of zeros, base64 of nothing) is common in clean text up to a line or two: 800
//          characters.
// stale    Such a span over and over, until 384 tokens and 4 copies after the first one (3 if nothing changes but numbers in
//          steps) say nothing new: words that differ from the copy before but came after the same words before (lists
//          that swap a word for another), numbers in constant steps (counters), and few words that are new (up to 1 of
//          25 substituted, inserted or left out). Something new where the copy before has something new too is a field
//          of records: alignments with one in 100 tokens never count. So does a number that neither is that of the copy
//          before nor follows from the two before. What may be no more than a count ("1, 2, 3, ...": one number and less
//          than 3 letters a copy) or a computed table (more than 6 steps a copy): 960 tokens, the numbers up to 200 by
//          single digits.
//
// A pure function of the tokens' ids and bytes. An update is two passes over 512 lags, a few operations each; memory is
// constant (about 130 KiB) and allocated once. Not thread-safe: one detector an answer.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "text/tokenizer.h"

namespace understudy {

struct Loop {
  enum class Kind { exact, stale };
  Kind kind = Kind::exact;
  // Index (tokens added before it) of the first token after the first complete copy: what is before it holds the
  // repeated span once. The first copy is taken to begin where the repetition does, so it may begin in the middle
  // of a sentence.
  int rewind = 0;
  int period = 0;  // tokens of the last copy
};

class LoopDetector {
 public:
  // `looped_before`: what begins to loop once does so again, and 128 stale tokens are enough instead of 384;
  // counts and fields weigh a third too.
  explicit LoopDetector(bool looped_before = false);
  ~LoopDetector();
  LoopDetector(LoopDetector&&) noexcept;
  LoopDetector& operator=(LoopDetector&&) noexcept;

  // Adds the answer's next token, whose raw bytes are `bytes` (perhaps a part of a UTF-8 character, or none).
  // A Loop if the answer is in one now; it is told again for each further token as long as the loop lasts. To go on
  // after dropping tokens, add those that are left to a new detector. `stale` is told one token late, since a word or a
  // number may be several tokens.
  std::optional<Loop> add(TokenId id, std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace understudy
