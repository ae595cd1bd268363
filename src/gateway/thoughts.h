// Thoughts before an answer, between <think> and </think>, as Qwen 3, SmolLM3 and DeepSeek-R1's distills write them.
#pragma once

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace understudy {

inline constexpr std::string_view kThoughtsBegin = "<think>", kThoughtsEnd = "</think>";

struct Thoughts {
  bool begun = false;                            // the prompt has begun them
  int budget = std::numeric_limits<int>::max();  // tokens
};

// nullopt for a model without the two tokens.
std::optional<Thoughts> thoughts_of(const Tokenizer& tokenizer, const std::vector<TokenId>& prompt);

// `tokenizer` has the two tokens.
ReasoningBudget reasoning_budget(const Thoughts& thoughts, const Tokenizer& tokenizer);

}  // namespace understudy
