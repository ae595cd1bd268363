// Drafts: guesses of the next tokens of an answer, fed along with its last token. A guess is kept if it is the token that
// would have been sampled, so drafts change how fast an answer comes and no token of it (rows of a step have the same
// bits whatever their company: the numeric contract). Guesses come from the sequence's own text and from earlier answers
// to requests with the same cache key, which holds the tenant. Not thread-safe; of the engine's thread.
#pragma once

#include <list>
#include <string>

#include "engine/draft_index.h"
#include "engine/draft_pace.h"
#include "engine/sequence.h"

namespace understudy {

class Drafts {
 public:
  // A step without rows of prompts took `ms`.
  void took(int rows, double ms) { pace_.took(rows, ms); }

  // Fills in the sequence's guesses and how many of them are to be fed, at most `most`, in a step of `rows` rows without
  // them, from which `tokens` tokens are expected. Returns how many of those that are fed are expected to be right.
  double plan(Sequence& sequence, int rows, double tokens, int most);
  // The step's tokens are appended: learns how well was guessed.
  void judge(Sequence& sequence);
  // The answer has ended.
  void remember(const Sequence& sequence);

 private:
  struct Answers {
    std::string key;
    DraftIndex texts;
  };

  std::list<Answers>::iterator find(const std::string& key);

  DraftPace pace_;
  GuessChances chances_ = kFirstChances;  // of all sequences
  std::list<Answers> answers_;            // those with the latest answer first
};

}  // namespace understudy
