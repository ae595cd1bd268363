// LoopWatch: one answer under a LoopGuard. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/loop_detector.h"
#include "engine/request.h"

namespace understudy {

class LoopWatch {
 public:
  explicit LoopWatch(LoopGuard guard) : guard_(std::move(guard)), rewinds_(guard_.rewinds) {}

  // The answer's next token; a loop if the answer is in one now.
  std::optional<Loop> add(TokenId token) { return detector_.add(token, guard_.tokenizer->bytes(token)); }

  bool may_rewind() const { return rewinds_ > 0; }
  // The answer becomes its first loop.rewind tokens. Where it goes on, the token that it had there cannot come again.
  void rewind(const Loop& loop, std::span<const TokenId> answer);
  // What was said so far is no part of a loop any more.
  void begin_anew() { detector_ = LoopDetector(/*looped_before=*/true); }
  // The first such length from `length` on; nullopt: there is none.
  std::optional<int> next_ban(int length) const;
  // Tokens that cannot come when the answer has `length` tokens.
  std::span<const TokenId> banned(int length) const;

  // The loop that a whole answer, cut short by its limit, ends in; a quarter of what add() asks for is enough.
  std::optional<LoopIncident> cut(std::span<const TokenId> answer) const;

  LoopIncident incident(const Loop& loop, LoopIncident::Action action, std::span<const TokenId> answer) const;

 private:
  LoopGuard guard_;
  LoopDetector detector_;
  int rewinds_;
  std::map<int, std::vector<TokenId>> banned_;  // by the answer's length
};

}  // namespace understudy
