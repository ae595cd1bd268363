// LockedPath: the way of one answer through its grammar, in tokens. Text that can only be one thing is not sampled: its
// tokens are those that the tokenizer gives for it. Not thread-safe; one per answer.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/answer_grammar.h"
#include "grammar/matcher.h"

namespace understudy {

class LockedPath {
 public:
  // `end_tokens` may come where the grammar may end.
  LockedPath(std::shared_ptr<const AnswerGrammar> grammar, std::vector<TokenId> end_tokens);

  // Tokens that may come next, end tokens among them. Valid until the next call of a member that is not const.
  const TokenMask& mask();
  // Appends a token that may come and is no end token.
  void follow(TokenId token);
  // The tokens that must come next, without those at the end of the forced text that what follows could change (a
  // quote that merges with the next letter); followed already. Perhaps none.
  std::vector<TokenId> take_forced();
  // How many of `tokens` may come, one after the other; adds what may come behind each of those to `next`. The path stays
  // where it is.
  int reach(std::span<const TokenId> tokens, TokenMask& next);
  bool can_end() const { return matcher_.can_end(); }
  bool must_end() const { return matcher_.must_end(); }
  bool is_overloaded() const { return matcher_.is_overloaded(); }

  // A short way to the end: its tokens, followed already. Empty if the answer may end here or none was found.
  std::vector<TokenId> take_closing();

  // The answer becomes `answer`, a beginning of what was followed and taken.
  void rewind(std::span<const TokenId> answer) {
    matcher_.rewind(answer.size());
    last_ = answer.empty() ? -1 : answer.back();
  }

 private:
  const std::shared_ptr<const AnswerGrammar> grammar_;
  std::vector<TokenId> end_tokens_;
  Matcher matcher_;
  TokenMask mask_;
  TokenId last_ = -1;  // the token before; -1: the answer begins
};

}  // namespace understudy
