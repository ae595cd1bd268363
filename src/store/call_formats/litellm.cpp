// What LiteLLM keeps of a call: a row of its spend logs (schema.prisma, LiteLLM_SpendLogs; /spend/logs) or the
// standard_logging_object of its callbacks (https://docs.litellm.ai/docs/proxy/logging_spec). Bodies are there only
// if the proxy was told to store prompts; without them a row is imported as metadata.
#include <algorithm>
#include <boost/json/array.hpp>

#include "store/call_formats/format.h"
#include "store/call_formats/row.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool matches(const json::object& row) { return row.contains("call_type") && row.contains("startTime"); }

struct Kind {
  std::string_view call_type, endpoint;
};
constexpr Kind kKinds[] = {{"completion", kChatCompletions},
                           {"text_completion", kCompletions},
                           {"embedding", kEmbeddings},
                           {"responses", kResponses},
                           {"anthropic_messages", kMessages}};

// "" for calls of other kinds: images, speech, pass-through. An 'a' before the name is the asynchronous one.
std::string_view endpoint_of(std::string_view call_type) {
  for (const Kind& kind : kKinds) {
    const bool is_async = call_type.starts_with('a') && call_type.substr(1) == kind.call_type;
    if (is_async || call_type == kind.call_type) return kind.endpoint;
  }
  return {};
}

// The client's body where the proxy kept it, else what can be put together again.
json::object request_of(const json::object& row, const std::string& model) {
  if (const auto kept = object_at(row, {"proxy_server_request"})) {
    const auto body = object_at(*kept, {"body"});
    const json::object& request = body ? *body : *kept;
    for (const char* name : {"messages", "input", "prompt"}) {
      if (request.contains(name)) return request;
    }
  }
  const json::value* found = value_at(row, {"messages"});
  if (found == nullptr) return {};
  json::value messages = unwrapped(*found);
  if (messages.is_object() && messages.get_object().contains("messages"))
    messages = messages.get_object()["messages"];
  if (!messages.is_array() || messages.get_array().empty()) return {};
  json::object request{{"model", model}, {"messages", std::move(messages)}};
  for (const auto& [name, value] : object_at(row, {"model_parameters"}).value_or(json::object())) {
    if (!request.contains(name)) request.emplace(name, value);
  }
  return request;
}

json::value response_of(const json::object& row) {
  const json::value* found = value_at(row, {"response"});
  if (found == nullptr) return nullptr;
  json::value response = unwrapped(*found);
  const bool is_empty = (response.is_object() && response.get_object().empty()) ||
                        (response.is_string() && response.get_string().empty());
  return is_empty ? json::value(nullptr) : response;
}

void add_times(Call& call, const json::object& row) {
  const auto start = time_ms_at(row, {"startTime"}), end = time_ms_at(row, {"endTime"});
  const auto first = time_ms_at(row, {"completionStartTime"});
  if (!start) return;
  call.time_ms = *start;
  if (end && *end >= *start) call.total_ms = static_cast<double>(*end - *start);
  // For an answer that was not streamed LiteLLM writes its end here.
  if (first && end && *first >= *start && *first < *end)
    call.first_token_ms = static_cast<double>(*first - *start);
}

// LiteLLM writes 0 for figures that it does not know.
void add_figures(Call& call, const json::object& row) {
  if (count_at(row, {"total_tokens"}).value_or(0) > 0) {
    call.prompt_tokens = count_at(row, {"prompt_tokens"});
    call.completion_tokens = count_at(row, {"completion_tokens"});
  }
  const auto cost = number_at(row, {"spend", "response_cost"});
  const json::value* hit = value_at(row, {"cache_hit"});
  const bool was_cached = hit != nullptr && (*hit == true || *hit == "True" || *hit == "true");
  if (cost && (*cost > 0 || (*cost == 0 && was_cached))) call.cost_usd = *cost;
}

void add_status(Call& call, const json::object& row) {
  const json::object metadata = object_at(row, {"metadata"}).value_or(json::object());
  const json::object error =
      object_at(row, {"error_information"})
          .value_or(object_at(metadata, {"error_information"}).value_or(json::object()));
  const std::string status = text_at(row, {"status"});
  if (status == "failure") {
    call.status = static_cast<int>(std::min<int64_t>(count_at(error, {"error_code"}).value_or(0), 999));
    call.error = text_at(row, {"error_str"});
    if (call.error.empty()) call.error = text_at(error, {"error_message", "error_class"});
    if (call.error.empty()) call.error = "failure";
  } else if (call.error.empty()) {
    call.status = 200;
  }
}

Result<std::optional<Call>> read(const json::object& row) {
  const std::string_view endpoint = endpoint_of(text_at(row, {"call_type"}));
  if (endpoint.empty()) return std::optional<Call>();
  const std::string model = text_at(row, {"model_group", "model"});
  const json::object request = request_of(row, model);
  Call call;
  if (!request.empty()) {
    ASSIGN_OR_RETURN(call, call_of_pair(request, response_of(row)));
  }
  call.endpoint = endpoint;
  if (call.model.empty()) call.model = model;
  call.target_model = text_at(row, {"model"});
  call.provider = text_at(row, {"custom_llm_provider", "api_base"});
  add_times(call, row);
  add_figures(call, row);
  add_status(call, row);
  const json::object metadata = object_at(row, {"metadata"}).value_or(json::object());
  call.project = text_at(metadata, {"user_api_key_team_alias", "user_api_key_alias"});
  if (call.project.empty()) call.project = text_at(row, {"team_id"});
  call.session = text_at(row, {"session_id", "trace_id"});
  call.tags = texts_at(row, {"request_tags"});
  if (const json::value* stream = value_at(row, {"stream"})) call.streamed = *stream == true;
  if (const std::string id = text_at(row, {"request_id", "id"}); !id.empty())
    call.import_key = "litellm:" + id;
  return std::optional(std::move(call));
}

}  // namespace

const CallFormat kLitellmFormat{"litellm", "LiteLLM's spend logs and callbacks", matches, read, nullptr};

}  // namespace understudy
