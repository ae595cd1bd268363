#include "train/chat_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "text/chat_template.h"

namespace understudy {

namespace {

Error refuse(std::string what, std::string hint = "") {
  return {ErrorCode::invalid_argument, std::move(what), "messages", std::move(hint)};
}

Result<PromptText> render(const Model& model, const boost::json::array& messages, bool opened,
                          std::time_t now) {
  const Tokenizer& tokenizer = *model.tokenizer();
  ChatTemplateInput input;
  input.messages = messages;
  input.add_generation_prompt = opened;
  if (const auto bos = tokenizer.bos()) input.bos_token = tokenizer.bytes(*bos, true);
  if (const auto eos = tokenizer.eos()) input.eos_token = tokenizer.bytes(*eos, true);
  input.now = now;
  auto text = model.chat_template()->render(input);
  if (!text.ok())
    return refuse("the model's chat template refuses these messages: " + text.error().message());
  return text;
}

// What follows the first `bytes` of `text`.
PromptText rest_of(const PromptText& text, size_t bytes) {
  PromptText rest{text.text.substr(bytes), {}};
  for (const PromptText::Span& span : text.untrusted) {
    if (span.end > bytes) rest.untrusted.push_back({std::max(span.begin, bytes) - bytes, span.end - bytes});
  }
  return rest;
}

// The rest of the conversation in tokens. Encoded with what is before it where that changes no token of the prompt;
// an answer that begins with white space may melt with the prompt's last token, and is encoded by itself.
std::vector<TokenId> answer_tokens(const Tokenizer& tokenizer, const PromptText& whole, size_t prompt_bytes,
                                   const std::vector<TokenId>& prompt) {
  std::vector<TokenId> all = tokenizer.encode(whole, true);
  if (all.size() < prompt.size() || !std::equal(prompt.begin(), prompt.end(), all.begin()))
    return tokenizer.encode(rest_of(whole, prompt_bytes), false);
  all.erase(all.begin(), all.begin() + static_cast<ptrdiff_t>(prompt.size()));
  return all;
}

std::string_view role_of(const boost::json::value& message) {
  const auto* object = message.if_object();
  const auto* role = object != nullptr ? object->if_contains("role") : nullptr;
  return role != nullptr && role->is_string() ? std::string_view(role->get_string()) : std::string_view();
}

}  // namespace

Result<std::vector<TokenId>> chat_prompt(const Model& model, const boost::json::array& messages,
                                         std::time_t now) {
  ASSIGN_OR_RETURN(const PromptText text, render(model, messages, true, now));
  return model.tokenizer()->encode(text, true);
}

Result<SftRow> chat_row(const Model& model, const boost::json::array& messages, std::time_t now) {
  if (messages.size() < 2 || role_of(messages.back()) != "assistant")
    return refuse("expected a conversation whose last message is the assistant's");
  const boost::json::array asked(messages.begin(), messages.end() - 1);
  ASSIGN_OR_RETURN(const PromptText opened, render(model, asked, true, now));
  ASSIGN_OR_RETURN(const PromptText whole, render(model, messages, false, now));
  if (!whole.text.starts_with(opened.text)) {
    return refuse("the chat template writes the prompt otherwise once the answer follows",
                  "What is trained would not be what is served; use a model with a plainer template");
  }
  const Tokenizer& tokenizer = *model.tokenizer();
  SftRow row{tokenizer.encode(opened, true), {}};
  row.answer = answer_tokens(tokenizer, whole, opened.text.size(), row.prompt);
  const auto& ends = model.end_tokens();
  const auto end = std::find_if(row.answer.begin(), row.answer.end(),
                                [&](TokenId id) { return std::binary_search(ends.begin(), ends.end(), id); });
  if (end != row.answer.end()) {
    row.answer.erase(end + 1, row.answer.end());
  } else if (const auto eos = tokenizer.eos()) {
    row.answer.push_back(*eos);
  } else {
    return refuse("the model has no token that ends an answer", "Use a model for chat");
  }
  return row;
}

}  // namespace understudy
