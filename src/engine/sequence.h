// Sequence: one request on its way through the scheduler.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/choice_path.h"
#include "engine/draft_index.h"
#include "engine/locked_path.h"
#include "engine/loop_watch.h"
#include "engine/request.h"
#include "engine/sampler.h"
#include "engine/state_cache.h"

namespace understudy {

inline double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// How often a guess was right whose predecessors were, by how much was alike before it (drafts.cpp).
using GuessChances = std::array<double, 5>;
inline constexpr GuessChances kFirstChances{0.4, 0.6, 0.8, 0.9, 0.2};

// What the scheduler keeps of one request, waiting or running. Of the engine's thread once it is enqueued.
struct Sequence {
  using Clock = std::chrono::steady_clock;

  // `end_tokens` are the model's.
  Sequence(RequestId request_id, EngineRequest engine_request, std::string cache_key,
           const std::vector<TokenId>& end_tokens)
      : id(request_id),
        request(std::move(engine_request)),
        key(std::move(cache_key)),
        tokens(std::move(request.prompt)),
        prompt_size(static_cast<int>(tokens.size())),
        sampler(std::move(request.sampling), tokens) {
    if (request.grammar) {
      std::vector<TokenId> ends = end_tokens;
      ends.insert(ends.end(), request.stop_tokens.begin(), request.stop_tokens.end());
      locked.emplace(request.grammar, std::move(ends));
    }
    if (request.reasoning) thoughts = request.reasoning->begun ? Thoughts::open : Thoughts::may_begin;
    if (request.drafts && !request.prediction.empty())
      prediction.emplace().add_answer(tokens, request.prediction);
    if (request.loop_guard) watch.emplace(*request.loop_guard);
    if (!request.choices) return;
    path.emplace(request.choices);
    add_forced();
  }

  // Appends the tokens that no logits are needed for.
  void add_forced() {
    while (!path->decided()) {
      const auto token = path->forced();
      if (!token) return;
      tokens.push_back(*token);
      path->follow(*token);
    }
  }

  // What comes before the first choice.
  void begin_answer() {
    if (request.reasoning) think(-1);
    if (locked && forced.empty()) force();
  }

  // Looks at what the answer's last token, -1 for none yet, means for the thoughts; queues their closing.
  void think(TokenId token) {
    const ReasoningBudget& budget = *request.reasoning;
    if (thoughts == Thoughts::may_begin && token >= 0) {
      thoughts = token == budget.begin ? Thoughts::open : Thoughts::over;
    } else if (thoughts == Thoughts::open && token == budget.end) {
      end_thoughts(0);
    } else if (thoughts == Thoughts::open && token >= 0) {
      usage.reasoning_tokens++;
    }
    if (thoughts != Thoughts::open || usage.reasoning_tokens < budget.tokens) return;
    close_thoughts();
  }

  void end_thoughts(size_t tokens_to_come) {
    thoughts = Thoughts::over;
    thoughts_end = generated() + static_cast<int>(tokens_to_come);
  }

  // Queues the tokens that end them.
  void close_thoughts() {
    end_thoughts(request.reasoning->closing.size());
    for (const TokenId next_id : request.reasoning->closing) {
      if (locked) locked->follow(next_id);
      forced.push_back(next_id);
    }
  }

  // With a grammar: queues the tokens that must come next.
  void force() {
    for (const TokenId token : locked->take_forced()) forced.push_back(token);
  }

  // `allowed` (all of V, if it is nullptr) without the tokens that a rewind has ruled out here; all that it was if
  // nothing else is left.
  const TokenMask& without_banned(const TokenMask* allowed, size_t vocabulary, TokenMask& out) const {
    out = allowed ? *allowed : TokenMask::all(vocabulary);
    for (const TokenId token : watch->banned(generated())) out.reset(token);
    return out.first() < 0 && allowed ? *allowed : out;
  }

  std::span<const TokenId> answer() const {
    return std::span(tokens).subspan(static_cast<size_t>(prompt_size));
  }
  std::span<const TokenId> prompt() const { return {tokens.data(), static_cast<size_t>(prompt_size)}; }
  bool prefilling() const { return state.position < prompt_size; }
  int unfed() const { return static_cast<int>(tokens.size()) - state.position; }
  bool decided() const { return path && path->decided(); }
  void mark_first_token() {
    if (usage.first_token_ms == 0) usage.first_token_ms = milliseconds(Clock::now() - submitted);
  }
  int generated() const { return static_cast<int>(tokens.size()) - prompt_size; }
  bool full() const { return generated() >= request.max_tokens; }
  // The last token is never fed.
  int most_rows() const { return prompt_size + std::max(request.max_tokens - 1, 0); }

  const RequestId id;
  EngineRequest request;
  const std::string key;        // of the prefixes that it may share
  std::vector<TokenId> tokens;  // prompt, then answer
  const int prompt_size;
  Sampler sampler;
  std::optional<ChoicePath> path;    // with choices
  std::optional<LockedPath> locked;  // with a grammar
  enum class Thoughts { none, may_begin, open, over };
  Thoughts thoughts = Thoughts::none;
  int thoughts_end = 0;            // tokens of the answer up to their end, once they are over
  std::deque<TokenId> forced;      // tokens that come next, without a choice
  std::optional<LoopWatch> watch;  // with a loop guard
  size_t watched = 0;              // tokens of the answer that it has seen
  bool closing = false;            // a loop was met: `forced` is the way to the end
  SequenceState state;
  int rows = 0;     // in this step
  DraftIndex text;  // `tokens`, as far as guesses were looked for
  std::optional<DraftIndex> prediction;
  bool guesses_predicted = false;  // the guesses come from it
  std::vector<Guess> guesses;      // of what follows the `planned_size` tokens that the step began with
  size_t planned_size = 0;
  TokenMask wanted_behind_drafts;  // with a grammar: what may come behind each of them
  int drafted = 0;                 // so many guesses are fed in this step
  GuessChances guess_chances = kFirstChances;
  std::vector<TokenEvent> prompt_events;  // prompt_logprobs: filled row by row
  std::optional<TokenEvent> next;         // what this step sampled
  bool ended = false;
  FinishReason reason = FinishReason::stop;
  std::optional<Error> error;
  Usage usage;
  Clock::time_point submitted = Clock::now();
};

}  // namespace understudy
