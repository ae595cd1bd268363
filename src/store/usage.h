// How many tokens an answer says that it took.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>

namespace understudy {

struct TokenUsage {
  std::optional<int64_t> prompt_tokens, completion_tokens;
  std::optional<int64_t> cached_tokens;  // of prompt_tokens
};

// Of a response's object: its `usage` in the words of OpenAI's chat completions, completions and embeddings
// (prompt_tokens, prompt_tokens_details.cached_tokens), of its responses API (input_tokens,
// input_tokens_details.cached_tokens) or of Anthropic's messages, whose input_tokens leave out what was read from the
// cache and written to it. What it does not say, or says wrongly, is unknown.
TokenUsage usage_of(const boost::json::object& response);

}  // namespace understudy
