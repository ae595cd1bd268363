// Langfuse's observations: as its API gives them (camelCase, https://api.reference.langfuse.com) and as its export to
// blob storage writes them (snake_case; langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields).
// Only those of type GENERATION are calls.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "store/call_formats/format.h"
#include "store/call_formats/row.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool matches(const json::object& row) {
  return row.contains("type") && (row.contains("traceId") || row.contains("trace_id")) &&
         (row.contains("startTime") || row.contains("start_time"));
}

// The input of a generation is a request, its messages or a text.
json::object request_of(const json::object& row, const std::string& model) {
  json::object request;
  if (const json::value* found = value_at(row, {"input"})) {
    json::value input = unwrapped(*found);
    if (input.is_object() && input.get_object().contains("messages")) {
      request = std::move(input.get_object());
    } else if (input.is_array() && !input.get_array().empty()) {
      request["messages"] = std::move(input);
    } else if (input.is_object() && input.get_object().contains("role")) {
      request["messages"].emplace_array().push_back(std::move(input));
    } else if (input.is_string() && !input.get_string().empty()) {
      request["messages"].emplace_array().push_back(
          json::object{{"role", "user"}, {"content", std::move(input)}});
    }
  }
  if (request.empty()) return request;
  if (!model.empty()) request.emplace("model", model);  // stays if it is there
  for (const auto& [name, value] :
       object_at(row, {"modelParameters", "model_parameters"}).value_or(json::object())) {
    request.emplace(name, value);
  }
  return request;
}

// The output is a response, a message, a list of one message, a text, or JSON that was the text.
json::value response_of(const json::object& row, const std::string& model) {
  const json::value* found = value_at(row, {"output"});
  if (found == nullptr) return nullptr;
  json::value output = unwrapped(*found);
  if (output.is_array() && output.get_array().size() == 1 && output.get_array()[0].is_object()) {
    json::value only = output.get_array()[0];
    output = std::move(only);
  }
  if (const json::object* object = output.if_object()) {
    if (object->contains("choices")) return output;
    if (text_at(*object, {"role"}) == "assistant") return chat_completion(*object, model);
  }
  if (output.is_string()) return output;
  return json::string(json::serialize(output));
}

// Of {"input": 10, "input_cached_tokens": 90, "output": 3, "total": 103} the sum for "input" is 100: Langfuse takes
// the parts out of the whole. Anthropic's cache_read_input_tokens and cache_creation_input_tokens are input too.
std::optional<int64_t> sum_of_kind(const json::object& usage, std::string_view kind) {
  std::optional<int64_t> sum;
  for (const auto& [name, value] : usage) {
    const std::string_view key(name.data(), name.size());
    const bool counts = key.starts_with(kind) || (kind == "input" && key.starts_with("cache_"));
    const auto tokens = counts ? count_at(usage, {key}) : std::nullopt;
    if (tokens && sum.value_or(0) <= INT64_MAX - *tokens) sum = sum.value_or(0) + *tokens;
  }
  return sum;
}

void add_figures(Call& call, const json::object& row) {
  const auto usage = object_at(row, {"usageDetails", "usage_details", "usage"});
  if (usage) {
    call.prompt_tokens = sum_of_kind(*usage, "input");
    call.completion_tokens = sum_of_kind(*usage, "output");
    call.cached_tokens =
        count_at(*usage, {"input_cached_tokens", "cache_read_input_tokens", "input_cache_read"});
  }
  const json::object costs = object_at(row, {"costDetails", "cost_details"}).value_or(json::object());
  auto cost = number_at(costs, {"total"});
  if (!cost)
    cost = number_at(row, {"totalCost", "total_cost", "calculatedTotalCost", "calculated_total_cost"});
  if (cost && *cost > 0) call.cost_usd = *cost;  // 0 is what Langfuse writes for a model without a price
}

void add_times(Call& call, const json::object& row) {
  const auto start = time_ms_at(row, {"startTime", "start_time"}),
             end = time_ms_at(row, {"endTime", "end_time"});
  const auto first = time_ms_at(row, {"completionStartTime", "completion_start_time"});
  if (!start) return;
  call.time_ms = *start;
  if (end && *end >= *start) call.total_ms = static_cast<double>(*end - *start);
  if (first && *first >= *start) {
    call.first_token_ms = static_cast<double>(*first - *start);
    call.streamed = true;
  }
}

Result<std::optional<Call>> read(const json::object& row) {
  if (text_at(row, {"type"}) != "GENERATION") return std::optional<Call>();
  const std::string model = text_at(row, {"providedModelName", "provided_model_name", "model"});
  const json::object request = request_of(row, model);
  Call call;
  if (!request.empty()) {
    ASSIGN_OR_RETURN(call, call_of_pair(request, response_of(row, model)));
  }
  call.endpoint = kChatCompletions;
  if (call.model.empty()) call.model = model;
  add_figures(call, row);
  add_times(call, row);
  if (text_at(row, {"level"}) == "ERROR") {
    call.status = 0;
    call.error = text_at(row, {"statusMessage", "status_message"});
    if (call.error.empty()) call.error = "error";
  } else if (call.error.empty()) {
    call.status = 200;
  }
  call.session = text_at(row, {"sessionId", "session_id", "traceId", "trace_id"});
  call.tags = texts_at(row, {"tags"});
  if (const std::string name = text_at(row, {"name"}); !name.empty()) call.tags.push_back(name);
  if (const std::string id = text_at(row, {"id"}); !id.empty()) call.import_key = "langfuse:" + id;
  return std::optional(std::move(call));
}

}  // namespace

const CallFormat kLangfuseFormat{"langfuse", "Langfuse's observations", matches, read, nullptr};

}  // namespace understudy
