#include "store/call_formats/row.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "store/chat_completion.h"
#include "store/iso_time.h"
#include "store/usage.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr double kMaxExact = 9'007'199'254'740'992.0;  // 2^53: whole numbers up to here are exact in a double

std::optional<double> number_of(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  if (!value.is_string()) return std::nullopt;
  const json::string& text = value.get_string();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

// Seconds of our time have 10 digits, milliseconds 13, microseconds 16, nanoseconds 19.
int64_t ms_of_number(double time) {
  double ms = time;
  if (time < 1e11) {
    ms = time * 1e3;
  } else if (time >= 1e17) {
    ms = time / 1e6;
  } else if (time >= 1e14) {
    ms = time / 1e3;
  }
  return static_cast<int64_t>(std::llround(ms));
}

bool is_true(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string_view endpoint_of(const json::object& request, const json::object* response) {
  const auto says = [&](std::string_view member, std::string_view kind) {
    const json::value* value = response == nullptr ? nullptr : response->if_contains(member);
    return value != nullptr && *value == json::string_view(kind.data(), kind.size());
  };
  if (request.contains("messages")) return says("type", "message") ? kMessages : kChatCompletions;
  if (request.contains("prompt")) return kCompletions;
  if (request.contains("input")) return says("object", "list") ? kEmbeddings : kResponses;
  return {};
}

std::string error_of(const json::object& response) {
  const json::value* error = value_at(response, {"error"});
  if (error == nullptr) return "";
  const json::object* object = error->if_object();
  const std::string message = object == nullptr ? "" : text_at(*object, {"message"});
  return message.empty() ? json::serialize(*error) : message;
}

}  // namespace

const json::value* value_at(const json::object& object, Names names) {
  for (const std::string_view name : names) {
    const json::value* value = object.if_contains(name);
    if (value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

std::string text_at(const json::object& object, Names names) {
  for (const std::string_view name : names) {
    const json::value* value = object.if_contains(name);
    if (value != nullptr && value->is_string() && !value->get_string().empty()) {
      return std::string(value->get_string());
    }
  }
  return "";
}

std::optional<double> number_at(const json::object& object, Names names) {
  for (const std::string_view name : names) {
    const json::value* value = object.if_contains(name);
    const auto number = value == nullptr ? std::nullopt : number_of(*value);
    if (number) return number;
  }
  return std::nullopt;
}

std::optional<int64_t> count_at(const json::object& object, Names names) {
  const auto number = number_at(object, names);
  if (!number || *number < 0 || *number > kMaxExact || *number != std::floor(*number)) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::optional<int64_t> time_ms_at(const json::object& object, Names names) {
  for (const std::string_view name : names) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) continue;
    if (value->is_string()) {
      const auto parsed = parse_iso_ms(value->get_string());
      if (parsed) return parsed;
    }
    const auto number = number_of(*value);
    if (number && *number > 0 && *number < 1e20) return ms_of_number(*number);
  }
  return std::nullopt;
}

json::value unwrapped(const json::value& value) {
  if (!value.is_string()) return value;
  auto parsed = parse_json(value.get_string());
  if (!parsed.ok() || !parsed->is_structured()) return value;
  return std::move(parsed.value());
}

std::vector<std::string> texts_at(const json::object& object, Names names) {
  std::vector<std::string> texts;
  const json::value* found = value_at(object, names);
  if (found == nullptr) return texts;
  const json::value value = unwrapped(*found);
  if (!value.is_array()) return texts;
  for (const json::value& entry : value.get_array()) {
    if (entry.is_string()) texts.emplace_back(entry.get_string());
  }
  return texts;
}

std::optional<json::object> object_at(const json::object& object, Names names) {
  for (const std::string_view name : names) {
    const json::value* found = object.if_contains(name);
    if (found == nullptr) continue;
    json::value value = unwrapped(*found);
    if (value.is_object() && !value.get_object().empty()) return std::move(value.get_object());
  }
  return std::nullopt;
}

Result<Call> call_of_pair(const json::object& request, const json::value& response) {
  Call call;
  call.model = text_at(request, {"model"});
  call.streamed = is_true(request, "stream");
  call.request = json::serialize(request);
  const json::object* object = response.if_object();
  call.endpoint = endpoint_of(request, object);
  if (call.endpoint.empty()) {
    return Error{ErrorCode::invalid_argument, "the request has neither messages nor prompt nor input",
                 "request", ""};
  }
  if (response.is_null()) return call;
  if (response.is_string() && call.endpoint == kChatCompletions) {
    call.response = json::serialize(chat_completion(assistant_message(response.get_string()), call.model));
    call.status = 200;
    return call;
  }
  if (object == nullptr)
    return Error{ErrorCode::invalid_argument, "the response is not an object", "response", ""};
  call.response = json::serialize(*object);
  call.error = error_of(*object);
  call.status = call.error.empty() ? 200 : 0;
  call.target_model = text_at(*object, {"model"});
  call.time_ms = time_ms_at(*object, {"created", "created_at"}).value_or(0);
  const TokenUsage usage = usage_of(*object);
  call.prompt_tokens = usage.prompt_tokens;
  call.completion_tokens = usage.completion_tokens;
  call.cached_tokens = usage.cached_tokens;
  return call;
}

}  // namespace understudy
