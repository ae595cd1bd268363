#include "gateway/thoughts.h"

#include <algorithm>

namespace understudy {

std::optional<Thoughts> thoughts_of(const Tokenizer& tokenizer, const std::vector<TokenId>& prompt) {
  const auto begin = tokenizer.find(kThoughtsBegin);
  if (!begin || !tokenizer.find(kThoughtsEnd)) return std::nullopt;
  const auto is_space = [&](TokenId id) {
    return tokenizer.bytes(id, true).find_first_not_of(" \n") == std::string::npos;
  };
  const auto last = std::find_if_not(prompt.rbegin(), prompt.rend(), is_space);
  Thoughts thoughts;
  thoughts.begun = last != prompt.rend() && *last == *begin;
  return thoughts;
}

ReasoningBudget reasoning_budget(const Thoughts& thoughts, const Tokenizer& tokenizer) {
  ReasoningBudget budget{
      *tokenizer.find(kThoughtsBegin), *tokenizer.find(kThoughtsEnd), thoughts.begun, thoughts.budget, {}};
  budget.closing = tokenizer.encode(PromptText::trusted("\n" + std::string(kThoughtsEnd) + "\n\n"), false);
  return budget;
}

}  // namespace understudy
