#include "store/usage.h"

#include <string_view>

namespace understudy {
namespace {

namespace json = boost::json;

std::optional<int64_t> tokens_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  return value->get_int64();
}

std::optional<int64_t> cached_in(const json::object& usage, std::string_view details) {
  const auto* value = usage.if_contains(details);
  const auto* object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? std::nullopt : tokens_at(*object, "cached_tokens");
}

// Token counts of one response are far below this; sums of a few cannot overflow.
constexpr int64_t kMaxTokens = int64_t{1} << 48;

std::optional<int64_t> sane(std::optional<int64_t> tokens) {
  return tokens && *tokens <= kMaxTokens ? tokens : std::nullopt;
}

}  // namespace

TokenUsage usage_of(const json::object& response) {
  const auto* value = response.if_contains("usage");
  const auto* usage = value == nullptr ? nullptr : value->if_object();
  if (usage == nullptr) return {};
  TokenUsage found;
  if (usage->contains("prompt_tokens")) {
    found.prompt_tokens = tokens_at(*usage, "prompt_tokens");
    found.completion_tokens = tokens_at(*usage, "completion_tokens");
    found.cached_tokens = cached_in(*usage, "prompt_tokens_details");
    // An embedding has no completion.
    if (const auto* kind = response.if_contains("object"); kind != nullptr && *kind == "list") {
      found.completion_tokens = 0;
    }
  } else {
    found.prompt_tokens = sane(tokens_at(*usage, "input_tokens"));
    found.completion_tokens = tokens_at(*usage, "output_tokens");
    found.cached_tokens = cached_in(*usage, "input_tokens_details");
    const auto read = sane(tokens_at(*usage, "cache_read_input_tokens"));
    const auto written = sane(tokens_at(*usage, "cache_creation_input_tokens"));
    if (found.prompt_tokens && (read || written)) {
      *found.prompt_tokens += read.value_or(0) + written.value_or(0);
      found.cached_tokens = read;
    }
  }
  found.prompt_tokens = sane(found.prompt_tokens);
  found.completion_tokens = sane(found.completion_tokens);
  found.cached_tokens = sane(found.cached_tokens);
  if (found.cached_tokens && (!found.prompt_tokens || *found.cached_tokens > *found.prompt_tokens)) {
    found.cached_tokens.reset();
  }
  return found;
}

}  // namespace understudy
