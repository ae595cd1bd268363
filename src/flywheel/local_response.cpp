#include "flywheel/local_response.h"

#include <boost/json.hpp>

#include "base/sha256.h"
#include "flywheel/answer_forms.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kIdDigits = 24, kFingerprintDigits = 10;

json::object message_of_answer(const Contract& contract, const SpecialistAnswer& answer,
                               const std::string& id) {
  if (contract.answer_kind != AnswerKind::tool_call) {
    json::object message = assistant_message(answer.text);
    message["refusal"] = nullptr;
    return message;
  }
  json::object function{{"name", std::string(tool_of(answer.value))}, {"arguments", answer.text}};
  json::object call{{"id", "call_" + id}, {"type", "function"}, {"function", std::move(function)}};
  json::object message{{"role", "assistant"}, {"content", nullptr}};
  message["tool_calls"].emplace_array().push_back(std::move(call));
  message["refusal"] = nullptr;
  return message;
}

}  // namespace

std::string response_json(const LocalResponse& response, const Contract& contract,
                          const SpecialistAnswer& answer) {
  const std::string id = sha256_hex(std::string(response.policy_hash) + '\n' + std::string(response.request))
                             .substr(0, kIdDigits);
  const bool is_chat = response.endpoint == kChatCompletions;
  json::object whole{{"id", (is_chat ? "chatcmpl-" : "cmpl-") + id},
                     {"object", is_chat ? "chat.completion" : "text_completion"},
                     {"created", response.created},
                     {"model", std::string(response.model)}};
  json::object choice;
  if (is_chat) {
    json::object message = message_of_answer(contract, answer, id);
    json::object completion = chat_completion(std::move(message), response.model);
    choice = completion["choices"].get_array()[0].get_object();
  } else {
    choice = {{"index", 0}, {"text", answer.text}, {"finish_reason", "stop"}};
  }
  choice["logprobs"] = nullptr;
  whole["choices"].emplace_array().push_back(std::move(choice));
  whole["usage"] = {{"prompt_tokens", answer.prompt_tokens},
                    {"completion_tokens", answer.completion_tokens},
                    {"total_tokens", answer.prompt_tokens + answer.completion_tokens}};
  whole["system_fingerprint"] = "fp_" + std::string(response.policy_hash.substr(0, kFingerprintDigits));
  return json::serialize(whole);
}

}  // namespace understudy
