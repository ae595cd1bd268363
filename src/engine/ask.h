// Questions to an Engine that wait for the answer, for callers that have nothing else to do meanwhile. Not
// from the engine's thread (a callback). Thread-safe; the questions of several threads share the steps.
// Callbacks of the request are replaced. Errors: those of Engine::submit; cancelled; internal (the model gave
// no numbers).
#pragma once

#include <vector>

#include "engine/engine.h"

namespace understudy {

struct ChoiceAnswer {
  Choice choice;
  Usage usage;
};

// `request.choices` is not nullptr.
Result<ChoiceAnswer> ask_choice(Engine& engine, EngineRequest request);

struct TextAnswer {
  std::vector<TokenId> tokens;  // without the end token
  FinishReason reason = FinishReason::stop;
  // Sum over the tokens and, if one ended the answer, the end token: of the unmodified distribution, nats.
  double logprob = 0;
  Usage usage;
};

// `request.choices` is nullptr.
Result<TextAnswer> ask_text(Engine& engine, EngineRequest request);

}  // namespace understudy
