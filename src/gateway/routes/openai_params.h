// The parameters that chat completions and completions share, and how each spells the ones they do not.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/request.h"
#include "gateway/provider.h"
#include "gateway/routes/field_reader.h"

namespace understudy {

inline constexpr int kMaxChoices = 128;              // OpenAI's limit on n; here on prompts x n too
inline constexpr int kMaxStops = 4;                  // OpenAI's limit
inline constexpr size_t kMaxStopBytes = 1024;        // a stream holds back this much at most
inline constexpr int kMaxTopLogprobs = 20;           // OpenAI's limit
inline constexpr size_t kMaxLogitBias = 1024;        // entries
inline constexpr int kDefaultCompletionTokens = 16;  // of /v1/completions, as OpenAI's

struct GenerationParams {
  SamplingParams sampling;
  int choices = 1;
  int max_tokens = -1;  // -1: as far as the context reaches
  std::vector<std::string> stop;
  int logprobs = -1;  // as EngineRequest::logprobs
  bool ignore_end = false;
  bool stream = false, include_usage = false;
  bool drafts = true;      // ours: guesses of the next tokens are fed along; the same answer
  bool loop_guard = true;  // ours: what repeats itself without end is broken off
};

// Error{not_found} unless `model` is there and `served` answers to it.
Status check_model(FieldReader& fields, const ModelName& served);

// Everything but max_tokens and logprobs. Without a seed one is drawn.
Result<GenerationParams> read_shared_params(FieldReader& fields, int vocabulary);

// max_tokens or max_completion_tokens; logprobs (bool) and top_logprobs.
Status read_chat_limits(FieldReader& fields, GenerationParams& params);
// max_tokens (0 with echo) and logprobs (count).
Status read_text_limits(FieldReader& fields, bool echo, GenerationParams& params);

}  // namespace understudy
