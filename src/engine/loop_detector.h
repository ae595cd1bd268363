// LoopDetector: tells, token by token, that an answer has begun to repeat itself without end (a "doom loop").
//
// exact    A span of 1 to 512 tokens, 4 times in a row and at least 60 characters long together (the definition of
//          Liquid AI's Antidoom, 2026). What holds no letter or is one character over and over (rules of dashes,
//          blank lines, tables of zeros, base64 of nothing) is common in clean text up to a line or two: 800
//          characters; one digit over and over, 300.
// stale    Such a span over and over, until its copies after the first one say nothing new: 3 of them and 320 tokens if
//          they are the same but for numbers in constant steps (counters, also in English words), else 4 and 640. Words that
//          differ from the copy before do not count (lists that swap one for another, words that are new, inserted or left out), and it
//          all ends where 1 in 4 differs. Something new where the copy before has something new too is a field of
//          records: alignments with one in 100 tokens never add up. A number that neither is that of the copy before nor
//          follows from those before takes back 50 tokens. What may be no more than a count ("1, 2, 3, ...": one number
//          and fewer than 3 letters a copy): 640 tokens; a computed table (more than 6 steps a copy): 960.
// frequent The same 30 tokens 20 times, each at most 64 tokens after the time before: rows that are records to `stale`, but
//          with a word of their own in 45 ("the twenty-fourth one, who ...").
//
// A pure function of the tokens' ids and bytes. An update is two passes over 512 lags, a few operations each; memory is
// constant (about 150 KiB) and allocated once. Not thread-safe: one detector an answer.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "text/tokenizer.h"

namespace understudy {

struct Loop {
  enum class Kind { exact, stale, frequent };
  Kind kind = Kind::exact;
  // Index (tokens added before it) of the first token after the first complete copy: what is before it holds the
  // repeated span once. The first copy is taken to begin where the repetition does, so it may begin in the middle
  // of a sentence.
  int rewind = 0;
  int period = 0;  // tokens of the last copy
};

class LoopDetector {
 public:
  // `looped_before`: what begins to loop once does so again, and a quarter of the stale tokens and of the 20 times is
  // enough; counts and fields weigh a quarter too.
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
