#include "store/call.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "store/call_id.h"
#include "store/field_check.h"
#include "store/limits.h"

namespace understudy {
namespace {

constexpr std::array<std::string_view, 3> kOriginNames = {"incumbent", "local", "person"};

Error refused(std::string what, std::string where) {
  return {ErrorCode::invalid_argument, std::move(what), std::move(where), ""};
}

Status check_id(const Call& call) {
  const auto time = time_of_call_id(call.id);
  if (!time) return refused("not the id of a call", "id");
  if (*time != call.time_ms)
    return refused(fmt::format("the id is of time {}, the call of {}", *time, call.time_ms), "id");
  if ((call.origin == Origin::person) == call.answer_to.empty()) {
    return refused("a person's answer, and nothing else, names the call that it answers", "answer_to");
  }
  return Status();
}

Status check_figures(const Call& call) {
  for (const auto& [name, value] : {std::pair{"prompt_tokens", call.prompt_tokens},
                                    std::pair{"completion_tokens", call.completion_tokens},
                                    std::pair{"cached_tokens", call.cached_tokens}}) {
    if (value && *value < 0) return refused("a number of tokens below 0", name);
  }
  for (const auto& [name, value] :
       {std::pair{"queue_ms", call.queue_ms}, std::pair{"first_token_ms", call.first_token_ms},
        std::pair{"total_ms", call.total_ms}, std::pair{"cpu_seconds", call.cpu_seconds},
        std::pair{"cost_usd", call.cost_usd}}) {
    if (value && !(std::isfinite(*value) && *value >= 0))
      return refused("not a finite number from 0 on", name);
  }
  return Status();
}

}  // namespace

std::string_view name_of(Origin origin) { return kOriginNames[static_cast<size_t>(origin)]; }

std::optional<Origin> origin_named(std::string_view name) {
  for (size_t i = 0; i < kOriginNames.size(); ++i) {
    if (kOriginNames[i] == name) return static_cast<Origin>(i);
  }
  return std::nullopt;
}

Status check(const Call& call) {
  RETURN_IF_ERROR(check_id(call));
  for (const auto& [name, field] :
       {std::pair{"project", &call.project}, std::pair{"session", &call.session},
        std::pair{"task", &call.task}, std::pair{"answer_to", &call.answer_to},
        std::pair{"endpoint", &call.endpoint}, std::pair{"model", &call.model},
        std::pair{"route", &call.route}, std::pair{"reason", &call.reason},
        std::pair{"provider", &call.provider}, std::pair{"target_model", &call.target_model},
        std::pair{"model_hash", &call.model_hash}, std::pair{"adapter_hash", &call.adapter_hash},
        std::pair{"error", &call.error}, std::pair{"import_key", &call.import_key}}) {
    RETURN_IF_ERROR(check_field(name, *field));
  }
  if (call.tags.size() > kMaxTags) {
    return refused(fmt::format("{} tags; the limit is {}", call.tags.size(), kMaxTags), "tags");
  }
  for (const std::string& tag : call.tags) RETURN_IF_ERROR(check_field("tags", tag));
  for (const auto& [name, body] :
       {std::pair{"request", &call.request}, std::pair{"response", &call.response}}) {
    if (body->size() > kMaxBodyBytes) {
      return refused(fmt::format("{} bytes; the limit is {}", body->size(), kMaxBodyBytes), name);
    }
  }
  return check_figures(call);
}

}  // namespace understudy
