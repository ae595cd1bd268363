#include "store/chat_completion.h"

#include <boost/json/array.hpp>
#include <utility>

namespace understudy {

namespace json = boost::json;

json::object assistant_message(std::string_view text) {
  return {{"role", "assistant"}, {"content", json::string_view(text.data(), text.size())}};
}

json::object chat_completion(json::object message, std::string_view model) {
  const json::value* calls = message.if_contains("tool_calls");
  const bool calls_tools = calls != nullptr && calls->is_array() && !calls->as_array().empty();
  json::object choice{{"index", 0}};
  choice["message"] = std::move(message);
  choice["finish_reason"] = calls_tools ? "tool_calls" : "stop";
  json::object response{{"object", "chat.completion"},
                        {"model", json::string_view(model.data(), model.size())}};
  response["choices"].emplace_array().push_back(std::move(choice));
  return response;
}

const json::object* message_of(const json::object& response) {
  const json::value* choices = response.if_contains("choices");
  if (choices == nullptr || !choices->is_array() || choices->as_array().size() != 1) return nullptr;
  const json::object* choice = choices->as_array()[0].if_object();
  const json::value* message = choice == nullptr ? nullptr : choice->if_contains("message");
  return message == nullptr ? nullptr : message->if_object();
}

}  // namespace understudy
