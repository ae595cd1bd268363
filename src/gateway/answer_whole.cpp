#include "gateway/answer_whole.h"

#include <boost/json.hpp>

#include "gateway/routes/openai_error.h"

namespace understudy {
namespace {

namespace json = boost::json;

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

bool is_true(const json::value* value) { return value && value->is_bool() && value->get_bool(); }

bool wants_usage(const json::object& request) {
  const json::value* options = member(request, "stream_options");
  return options && options->is_object() && is_true(member(options->get_object(), "include_usage"));
}

void send(Exchange& exchange, const json::value& event) {
  exchange.write("data: " + json::serialize(event) + "\n\n");
}

// What all events of the stream share.
json::object event_head(const json::object& response, bool chat, bool usage) {
  json::object head;
  for (const char* name : {"id", "created", "model", "system_fingerprint", "service_tier"}) {
    if (const json::value* value = member(response, name)) head[name] = *value;
  }
  head["object"] = chat ? "chat.completion.chunk" : "text_completion";
  if (usage) head["usage"] = nullptr;
  return head;
}

// Tool calls of a delta know their place.
json::object delta_of(const json::object& message) {
  json::object delta = message;
  delta.erase("role");
  json::value* calls = delta.if_contains("tool_calls");
  if (calls && calls->is_array()) {
    size_t index = 0;
    for (json::value& call : calls->get_array()) {
      if (call.is_object()) call.get_object()["index"] = index++;
    }
  }
  return delta;
}

void stream_choice(Exchange& exchange, const json::object& head, const json::object& choice, bool chat) {
  const auto event = [&](json::object part, const json::value& reason) {
    json::object body = head;
    part["index"] = choice.contains("index") ? choice.at("index") : json::value(0);
    if (!part.contains("logprobs")) part["logprobs"] = nullptr;
    part["finish_reason"] = reason;
    body["choices"] = json::array{std::move(part)};
    send(exchange, body);
  };
  const json::value reason =
      choice.contains("finish_reason") ? choice.at("finish_reason") : json::value("stop");
  if (!chat) return event({{"text", choice.contains("text") ? choice.at("text") : json::value("")}}, reason);
  const json::value* message = member(choice, "message");
  event({{"delta", {{"role", "assistant"}, {"content", ""}}}}, nullptr);
  if (message && message->is_object()) event({{"delta", delta_of(message->get_object())}}, nullptr);
  event({{"delta", json::object()}}, reason);
}

}  // namespace

void answer_whole(Exchange& exchange, const json::object& request, const json::object& response) {
  if (!is_true(member(request, "stream"))) return exchange.respond(json_response(response));
  const json::value* kind = member(response, "object");
  const bool chat = kind && *kind == "chat.completion", usage = wants_usage(request);
  const json::object head = event_head(response, chat, usage);
  exchange.begin_stream({200, "text/event-stream", {{"Cache-Control", "no-cache"}}, ""});
  const json::value* choices = member(response, "choices");
  for (const json::value& choice : choices && choices->is_array() ? choices->get_array() : json::array()) {
    if (choice.is_object()) stream_choice(exchange, head, choice.get_object(), chat);
  }
  if (usage) {
    json::object last = head;
    last["choices"] = json::array();
    if (const json::value* counts = member(response, "usage")) last["usage"] = *counts;
    send(exchange, last);
  }
  exchange.write("data: [DONE]\n\n");
  exchange.end_stream();
}

}  // namespace understudy
