#include "flywheel/lora_prompt.h"

#include <boost/json.hpp>

#include "base/json.h"
#include "flywheel/answer.h"
#include "flywheel/canonical_json.h"
#include "train/chat_row.h"

namespace understudy {

namespace json = boost::json;

json::array LoraPrompt::messages(const std::string& slots) const {
  json::array all;
  if (empty_system) all.push_back({{"role", "system"}, {"content", ""}});
  all.push_back({{"role", "user"}, {"content", slots}});
  return all;
}

Result<LoraPrompt> shortest_prompt(const Model& model) {
  ASSIGN_OR_RETURN(const auto plain, chat_prompt(model, LoraPrompt{false}.messages("x")));
  const auto empty =
      chat_prompt(model, LoraPrompt{true}.messages("x"));  // not every template takes a system message
  return LoraPrompt{empty.ok() && empty->size() < plain.size()};
}

std::string taught_text(AnswerKind kind, const KnownAnswer& answer) {
  if (kind != AnswerKind::tool_call) return answer.text;
  return std::string(tool_of(answer.value)) + '(' + answer.text + ')';
}

KnownAnswer answer_of(AnswerKind kind, const std::string& taught) {
  if (kind != AnswerKind::tool_call) return {read_answer_text(taught).value, taught};
  const std::string arguments(arguments_of(taught));
  const auto parsed = parse_json(arguments);
  const std::string canonical = parsed.ok() ? canonical_json(*parsed) : arguments;
  return {std::string(tool_of(taught)) + '(' + canonical + ')', arguments};
}

Result<SftRow> lora_row(const Model& model, const LoraPrompt& prompt, const std::string& slots,
                        const std::string& taught) {
  json::array messages = prompt.messages(slots);
  messages.push_back({{"role", "assistant"}, {"content", taught}});
  return chat_row(model, messages);
}

Result<std::shared_ptr<const Choices>> choices_of(const Model& model, const LoraPrompt& prompt,
                                                  AnswerKind kind, const std::vector<KnownAnswer>& answers) {
  auto choices = std::make_shared<Choices>();
  for (const KnownAnswer& answer : answers) {
    ASSIGN_OR_RETURN(SftRow row, lora_row(model, prompt, "x", taught_text(kind, answer)));
    choices->tokens.push_back(std::move(row.answer));
  }
  return std::shared_ptr<const Choices>(std::move(choices));
}

}  // namespace understudy
