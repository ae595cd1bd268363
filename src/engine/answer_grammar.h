// What an answer must be: a grammar over the tokens of a model. Immutable but for the caches inside; shared by requests.
#pragma once

#include <memory>

#include "grammar/grammar.h"
#include "grammar/state_mask.h"
#include "text/tokenizer.h"

namespace understudy {

struct AnswerGrammar {
  std::shared_ptr<const Grammar> grammar;
  std::shared_ptr<StateMasks> masks;           // of `tokenizer`
  std::shared_ptr<const Tokenizer> tokenizer;  // the model's
};

}  // namespace understudy
