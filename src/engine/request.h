// What the engine is asked and what it answers: tokens in, tokens out. Text, JSON and sockets live above.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "ops/adapter.h"
#include "text/tokenizer.h"

namespace understudy {

// Order of application: logit_bias, repetition/frequency/presence penalties, DRY, no_repeat_ngram, temperature,
// top_k, top_p, min_p, draw. The draw uses a counter-based generator keyed by (seed, position): same seed, same
// tokens, whatever else runs.
struct SamplingParams {
  float temperature = 1.0f;         // 0: the most likely token (ties: the lowest id)
  int top_k = 0;                    // 0: off
  float top_p = 1.0f;               // 1: off
  float min_p = 0.0f;               // 0: off
  float repetition_penalty = 1.0f;  // over prompt and answer, as in transformers
  float frequency_penalty = 0.0f;   // over the answer, OpenAI's formula
  float presence_penalty = 0.0f;
  // DRY ("don't repeat yourself", by p-e-w), over prompt and answer, as in llama.cpp: a token that would go on with
  // a repetition of n tokens loses dry_multiplier * dry_base^(n - dry_allowed_length) if n is at least
  // dry_allowed_length. A repetition holds no sequence breaker (upstream's: tokens with "\n", ":", "\"" or "*").
  float dry_multiplier = 0.0f;  // 0: off
  float dry_base = 1.75f;
  int dry_allowed_length = 2;
  int dry_penalty_last_n = -1;  // only so many of the last tokens are looked at; -1: all
  std::unordered_set<TokenId> dry_sequence_breakers;
  // Tokens that would complete a sequence of so many tokens that is in the answer already are impossible; 0: off.
  // As in transformers, but over the answer only: what the prompt says may be said again.
  int no_repeat_ngram = 0;
  std::unordered_map<TokenId, float> logit_bias;
  uint64_t seed = 0;
};

struct TokenLogprob {
  TokenId id = -1;
  float logprob = 0;
};

// One token of the answer (or, for prompt_logprobs, of the prompt). Log-probabilities are those of the
// unmodified distribution (before bias, penalties and temperature); -infinity for an impossible token.
struct TokenEvent {
  TokenId id = -1;
  std::optional<float> logprob;   // when logprobs were asked for
  std::vector<TokenLogprob> top;  // the `logprobs` most likely, descending
  float share = 1;  // with a grammar: probability among the tokens that could come (1: nothing else could)
};

enum class FinishReason { stop, length, cancelled, error };

// What is done about an answer that repeats itself without end (loop_detector.h): it goes back to where the loop began
// and on with another token, at most `rewinds` times; then thoughts are closed (ReasoningBudget), an answer
// under a grammar is closed by a short text that it needs, and where none is needed or found the answer ends with
// FinishReason::length. One that max_tokens cuts short while it repeats itself, by a quarter of what breaks it off, is
// only named.
struct LoopGuard {
  std::shared_ptr<const Tokenizer> tokenizer;  // the model's
  int rewinds = 3;  // 0 where tokens cannot be taken back; models with snapshot states are never rewound
};

// One loop that was met.
struct LoopIncident {
  enum class Action { rewound, closed, ended, cut };
  Action action = Action::rewound;
  int period = 0;    // tokens of a copy
  int begin = 0;     // tokens of the answer before the first token of the second copy
  int length = 0;    // tokens of the answer when it was noticed
  std::string text;  // of one copy
};

struct Usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;      // prompt tokens whose state came from the prefix tree
  int completion_tokens = 0;  // calls of on_token; with choices: tokens up to the one that decided
  int forced_tokens = 0;      // tokens that were not sampled, those that a rewind took back included
  int drafted_tokens = 0;     // guesses that were fed (drafts.h)
  int accepted_predictions = 0,
      rejected_predictions = 0;  // of those that came from EngineRequest::prediction
  int accepted_tokens = 0;       // of them those that came
  double queue_ms = 0, first_token_ms = 0, total_ms = 0;
  int reasoning_tokens = 0;  // with a reasoning budget: between its two tokens, rewound ones included
  std::vector<LoopIncident> loops;
  double cpu_seconds = 0;  // of the engine's threads: of each step its share by rows
};

// Values for Network::adaptable_layers() of the engine's model. Immutable once it is shared. Requests with
// equal digests share prefixes.
struct LoadedAdapter {
  Adapter adapter;
  std::string digest;  // SHA-256 of the file's bytes, not empty; part of every cache key
};

// The answers that a request may have, each as its tokens; none is a beginning of another. At each token that
// is not forced, the probabilities of those that can follow are renormalised; the most likely path is taken
// and ends as soon as one choice is left.
struct Choices {
  std::vector<std::vector<TokenId>> tokens;
};

struct Choice {
  int index = -1;          // into Choices::tokens
  double probability = 0;  // product of the renormalised probabilities along the path
};

struct AnswerGrammar;  // answer_grammar.h

// An answer may begin with thoughts between two tokens (<think>, </think>). After so many tokens of them `closing` comes,
// whatever the model would say, so that an answer follows.
struct ReasoningBudget {
  TokenId begin = -1, end = -1;
  bool begun = false;            // the prompt ends inside the thoughts
  int tokens = 0;                // 0: none
  std::vector<TokenId> closing;  // ends with, or holds, `end`
};

struct EngineRequest {
  std::vector<TokenId> prompt;  // at least one token, each in [0, V)
  SamplingParams sampling;
  int max_tokens = -1;               // -1: as far as the context reaches; 0: only the prompt (scoring)
  std::vector<TokenId> stop_tokens;  // besides the model's own end tokens
  bool ignore_end = false;           // go on after the model's end tokens (benchmarks)
  int logprobs = -1;                 // -1: none; 0: the chosen token's; k: and the k most likely
  bool prompt_logprobs = false;      // on_prompt gets one event per prompt token (the first has no logprob)
  std::string tenant;                // prefixes are shared only within a tenant
  std::shared_ptr<const LoadedAdapter> adapter;  // nullptr: the model as it is
  // Not nullptr: the answer is one of these; sampling parameters, max_tokens and stop tokens do not count.
  std::shared_ptr<const Choices> choices;
  // Not nullptr: the answer is a text of it, unless max_tokens or a stop token cuts it. It ends with FinishReason::stop
  // as soon as nothing can follow.
  std::shared_ptr<const AnswerGrammar> grammar;
  std::optional<LoopGuard> loop_guard;
  std::optional<ReasoningBudget> reasoning;
  bool fast_forward = true;  // false: forced tokens take a step each, as others do (the same tokens)
  std::vector<TokenId>
      prediction;      // guesses of the answer, whole or in part; it stays what it would have been
  bool drafts = true;  // false: no guesses are fed along (drafts.h; the same tokens)

  // Called on the engine's thread: must not block, throw or call back into the engine (except cancel()).
  std::function<void(const std::vector<TokenEvent>&)> on_prompt;
  std::function<void(const TokenEvent&)> on_token;  // never called for an end or stop token
  std::function<void(int tokens)> on_rewind;        // only the first `tokens` tokens of the answer are left
  std::function<void(const TokenEvent&)> on_end;    // for the end or stop token, if one ends the answer
  std::function<void(const Choice&)> on_choice;     // with `choices`: once, instead of on_token
  std::function<void(FinishReason, const Usage&, const Error*)> on_finish;  // exactly once; last
};

using RequestId = uint64_t;

}  // namespace understudy
