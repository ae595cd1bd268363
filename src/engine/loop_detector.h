// LoopDetector: tells, token by token, that an answer has begun to repeat itself without end (a "doom loop").
//
// exact    A span of 1 to 512 tokens, 4 times in a row and at least 60 characters long together (the definition of
//          Liquid AI's Antidoom, 2026). What holds no letter or is one character over and over (rules of dashes,
//          blank lines, tables of zeros, base64 of nothing) is common in clean text up to a line or two: 800
//          characters.
// near     Such a span 10 times, in each copy a few words substituted, inserted or left out: at most 1 change for 14
//          tokens with a letter. What changes at the same place of copy after copy, and any number, is a field of
//          records and new information; where more than 1 of 3 changes is of that kind there is no alarm.
// counter  A span in which nothing but numbers change from copy to copy, and those in constant steps (at most 1
//          of 8 changes out of step): 36 copies, down to 12 of a span that has many letters (2,400 in all copies),
//          512 of one with less than 3 letters ("1, 2, 3, ..."). Numbers that do not follow from those before are
//          new information, however many.
//
// A pure function of the tokens' ids and bytes. An update is a pass over the 512 periods, a few operations each;
// memory is constant (about 100 KiB) and allocated once. Not thread-safe: one detector an answer.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "text/tokenizer.h"

namespace understudy {

struct Loop {
  enum class Kind { exact, near, counter };
  Kind kind = Kind::exact;
  // Index (tokens added before it) of the first token after the first complete copy: what is before it holds the
  // repeated span once. The first copy is taken to begin where the repetition does, so it may begin in the middle
  // of a sentence.
  int rewind = 0;
  int period = 0;  // tokens of the last copy
};

class LoopDetector {
 public:
  LoopDetector();
  ~LoopDetector();
  LoopDetector(LoopDetector&&) noexcept;
  LoopDetector& operator=(LoopDetector&&) noexcept;

  // Adds the answer's next token, whose raw bytes are `bytes` (perhaps a part of a UTF-8 character, or none).
  // A Loop if the answer is in one now; it is told again for each further token as long as the loop lasts. To go on
  // after dropping tokens, add those that are left to a new detector. Counters are told one token late, since a
  // number's digits may be several tokens.
  std::optional<Loop> add(TokenId id, std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace understudy
