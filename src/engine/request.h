// What the engine is asked and what it answers: tokens in, tokens out. Text, JSON and sockets live above.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ops/adapter.h"
#include "text/tokenizer.h"

namespace understudy {

// Order of application: logit_bias, repetition/frequency/presence penalties, temperature, top_k, top_p,
// min_p, draw. The draw uses a counter-based generator keyed by (seed, position): same seed, same tokens,
// whatever else runs.
struct SamplingParams {
  float temperature = 1.0f;         // 0: the most likely token (ties: the lowest id)
  int top_k = 0;                    // 0: off
  float top_p = 1.0f;               // 1: off
  float min_p = 0.0f;               // 0: off
  float repetition_penalty = 1.0f;  // over prompt and answer, as in transformers
  float frequency_penalty = 0.0f;   // over the answer, OpenAI's formula
  float presence_penalty = 0.0f;
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
};

enum class FinishReason { stop, length, cancelled, error };

struct Usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;      // prompt tokens whose state came from the prefix tree
  int completion_tokens = 0;  // calls of on_token; with choices: tokens up to the one that decided
  double queue_ms = 0, first_token_ms = 0, total_ms = 0;
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

  // Called on the engine's thread: must not block, throw or call back into the engine (except cancel()).
  std::function<void(const std::vector<TokenEvent>&)> on_prompt;
  std::function<void(const TokenEvent&)> on_token;  // never called for an end or stop token
  std::function<void(const TokenEvent&)> on_end;    // for the end or stop token, if one ends the answer
  std::function<void(const Choice&)> on_choice;     // with `choices`: once, instead of on_token
  std::function<void(FinishReason, const Usage&, const Error*)> on_finish;  // exactly once; last
};

using RequestId = uint64_t;

}  // namespace understudy
