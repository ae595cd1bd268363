// {"messages": [...]}: a conversation whose last message is the assistant's, with `tools` and other parameters beside
// it: the rows that OpenAI's supervised fine-tuning takes
// (https://platform.openai.com/docs/guides/supervised-fine-tuning).
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/json.h"
#include "store/call_formats/format.h"
#include "store/call_formats/row.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool matches(const json::object& row) {
  const json::value* messages = row.if_contains("messages");
  return messages != nullptr && messages->is_array();
}

Result<std::optional<Call>> read(const json::object& row) {
  const json::value* list = row.if_contains("messages");
  if (list == nullptr || !list->is_array() || list->as_array().empty()) {
    return Error{ErrorCode::invalid_argument, "there are no messages", "messages", ""};
  }
  json::array messages = list->as_array();
  const json::value last = messages.back();
  messages.pop_back();
  if (!last.is_object() || text_at(last.get_object(), {"role"}) != "assistant") {
    return Error{ErrorCode::invalid_argument, "the last message is not the assistant's", "messages", ""};
  }
  json::object request = row;
  request["messages"] = std::move(messages);
  ASSIGN_OR_RETURN(Call call,
                   call_of_pair(request, chat_completion(last.get_object(), text_at(row, {"model"}))));
  return std::optional(std::move(call));
}

// Only what may be a training target (P2).
Result<std::string> write(const Call& call) {
  const auto refused = [&](const char* what) { return Error{ErrorCode::unsupported, what, call.id, ""}; };
  if (call.origin == Origin::local) return refused("a local answer is never a training target");
  if (call.endpoint != kChatCompletions) return refused("not a chat completion");
  if (call.status != 200 || !call.error.empty()) return refused("the call has no whole answer");
  const auto request = parse_json(call.request);
  const auto response = parse_json(call.response);
  if (!request.ok() || !response.ok() || !request.value().is_object() || !response.value().is_object()) {
    return refused("request or response was not recorded");
  }
  const json::value* messages = request.value().as_object().if_contains("messages");
  const json::object* answer = message_of(response.value().as_object());
  if (messages == nullptr || !messages->is_array() || answer == nullptr)
    return refused("not one answer to messages");

  json::object target{{"role", "assistant"}};
  for (const char* name : {"content", "tool_calls"}) {
    if (const json::value* value = value_at(*answer, {name})) target[name] = *value;
  }
  if (target.size() == 1) return refused("the answer is empty");
  json::object row{{"messages", *messages}};
  row["messages"].as_array().push_back(std::move(target));
  for (const char* name : {"tools", "parallel_tool_calls"}) {
    if (const json::value* value = value_at(request.value().as_object(), {name})) row[name] = *value;
  }
  return json::serialize(row);
}

}  // namespace

const CallFormat kMessagesFormat{"messages", "rows for OpenAI's fine-tuning", matches, read, write};

}  // namespace understudy
