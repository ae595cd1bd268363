// Every field of a Call under its own name; `time` in ISO 8601. What `understudy calls export` writes by default, and
// what gives the same calls again when it is imported elsewhere.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "store/call_formats/format.h"
#include "store/call_formats/raw_json.h"
#include "store/call_formats/row.h"
#include "store/call_id.h"
#include "store/iso_time.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct TextField {
  const char* name;
  std::string Call::* member;
};
constexpr TextField kTexts[] = {
    {"id", &Call::id},
    {"project", &Call::project},
    {"session", &Call::session},
    {"task", &Call::task},
    {"answer_to", &Call::answer_to},
    {"endpoint", &Call::endpoint},
    {"model", &Call::model},
    {"route", &Call::route},
    {"reason", &Call::reason},
    {"provider", &Call::provider},
    {"target_model", &Call::target_model},
    {"model_hash", &Call::model_hash},
    {"adapter_hash", &Call::adapter_hash},
    {"error", &Call::error},
};
struct CountField {
  const char* name;
  std::optional<int64_t> Call::* member;
};
constexpr CountField kCounts[] = {{"prompt_tokens", &Call::prompt_tokens},
                                  {"completion_tokens", &Call::completion_tokens},
                                  {"cached_tokens", &Call::cached_tokens}};
struct NumberField {
  const char* name;
  std::optional<double> Call::* member;
};
constexpr NumberField kNumbers[] = {{"queue_ms", &Call::queue_ms},
                                    {"first_token_ms", &Call::first_token_ms},
                                    {"total_ms", &Call::total_ms},
                                    {"cpu_seconds", &Call::cpu_seconds},
                                    {"cost_usd", &Call::cost_usd}};

bool matches(const json::object& row) {
  return row.contains("id") && row.contains("time") && row.contains("origin") && row.contains("endpoint");
}

// A body is an object or array, or the string of what is neither.
std::string body_at(const json::object& row, const char* name) {
  const json::value* value = row.if_contains(name);
  if (value == nullptr) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

Result<std::optional<Call>> read(const json::object& row) {
  const auto broken = [](const char* what, const char* where) {
    return Error{ErrorCode::invalid_argument, what, where, ""};
  };
  Call call;
  for (const TextField& field : kTexts) call.*field.member = text_at(row, {field.name});
  for (const CountField& field : kCounts) call.*field.member = count_at(row, {field.name});
  for (const NumberField& field : kNumbers) call.*field.member = number_at(row, {field.name});
  const auto time = time_of_call_id(call.id);
  if (!time) return broken("not the id of a call", "id");
  call.time_ms = *time;
  const auto origin = origin_named(text_at(row, {"origin"}));
  if (!origin) return broken("neither incumbent, local nor person", "origin");
  call.origin = *origin;
  call.tags = texts_at(row, {"tags"});
  call.status = static_cast<int>(std::min<int64_t>(count_at(row, {"status"}).value_or(0), 999));
  const json::value* streamed = value_at(row, {"streamed"});
  call.streamed = streamed != nullptr && *streamed == true;
  call.request = body_at(row, "request");
  call.response = body_at(row, "response");
  return std::optional(std::move(call));
}

Result<std::string> write(const Call& call) {
  json::object row{{"id", call.id}, {"time", iso_of_ms(call.time_ms)}};
  const auto name = name_of(call.origin);
  row["origin"] = json::string_view(name.data(), name.size());
  for (const TextField& field : kTexts) row[field.name] = call.*field.member;
  json::array& tags = row["tags"].emplace_array();
  for (const std::string& tag : call.tags) tags.emplace_back(json::string(tag));
  row["streamed"] = call.streamed;
  row["status"] = call.status;
  for (const CountField& field : kCounts) {
    const auto& value = call.*field.member;
    row[field.name] = value ? json::value(*value) : json::value(nullptr);
  }
  for (const NumberField& field : kNumbers) {
    const auto& value = call.*field.member;
    row[field.name] = value ? json::value(*value) : json::value(nullptr);
  }
  return with_bodies(row, call);
}

}  // namespace

const CallFormat kCallsFormat{"calls", "every field of a call", matches, read, write};

}  // namespace understudy
