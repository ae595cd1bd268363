#include "store/correction.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "store/call_id.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

Error refused(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what), "correction",
          "Give the right answer as a JSON string, or as the assistant's message"};
}

Result<json::object> chat_response(const json::value& correction, const std::string& model) {
  if (correction.is_string()) return chat_completion(assistant_message(correction.as_string()), model);
  const json::object* message = correction.if_object();
  if (message == nullptr) return refused("neither a text nor a message");
  const json::value* role = message->if_contains("role");
  if (role == nullptr || *role != "assistant") return refused("the message is not the assistant's");
  if (!message->contains("content") && !message->contains("tool_calls")) {
    return refused("the message has neither content nor tool_calls");
  }
  return chat_completion(*message, model);
}

Result<json::object> text_response(const json::value& correction, const std::string& model) {
  if (!correction.is_string()) return refused("not a text");
  json::object choice{{"index", 0}, {"text", correction}, {"finish_reason", "stop"}};
  json::object response{{"object", "text_completion"}, {"model", model}};
  response["choices"].emplace_array().push_back(std::move(choice));
  return response;
}

}  // namespace

Result<Call> person_answer(const Call& call, const std::string& correction, const std::string& from,
                           int64_t time_ms) {
  const bool is_chat = call.endpoint == kChatCompletions;
  if ((!is_chat && call.endpoint != kCompletions) || call.request.empty()) {
    return Error{ErrorCode::unsupported,
                 "only chat completions and completions with a recorded request can be corrected", call.id,
                 "Give a label or a comment"};
  }
  const auto parsed = parse_json(correction);
  if (!parsed.ok()) return refused(parsed.error().message());
  auto response =
      is_chat ? chat_response(parsed.value(), call.model) : text_response(parsed.value(), call.model);
  if (!response.ok()) return response.error();

  Call answer;
  answer.id = new_call_id(time_ms);
  answer.time_ms = time_ms;
  answer.project = call.project;
  answer.session = call.session;
  answer.task = call.task;
  answer.answer_to = call.id;
  answer.tags = call.tags;
  answer.endpoint = call.endpoint;
  answer.model = call.model;
  answer.origin = Origin::person;
  answer.provider = from;
  answer.request = call.request;
  answer.response = json::serialize(*response);
  answer.status = 200;
  return answer;
}

}  // namespace understudy
