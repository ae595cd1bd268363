// How a specialist with an adapter is asked: the slots alone as the user's
// message, and the answer as text for it.
#pragma once

#include <boost/json/array.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/model.h"
#include "engine/request.h"
#include "flywheel/answer_forms.h"
#include "flywheel/task.h"
#include "train/sft.h"

namespace understudy {

struct LoraPrompt {
  // An empty system message in front, which keeps templates from writing one of
  // their own.
  bool empty_system = false;

  boost::json::array messages(const std::string& slots) const;
};

// The shorter of the two for this model.
Result<LoraPrompt> shortest_prompt(const Model& model);

// What the model is taught to say: the text as it is sent; of a tool call
// name(arguments).
std::string taught_text(AnswerKind kind, const KnownAnswer& answer);
// The answer that a text says, back again. What cannot be read keeps its text
// as value.
KnownAnswer answer_of(AnswerKind kind, const std::string& taught);

// A row of training. Errors: those of chat_row.
Result<SftRow> lora_row(const Model& model, const LoraPrompt& prompt, const std::string& slots,
                        const std::string& taught);

// The answers as the tokens that the model says for them, each up to its end
// token, so that none begins another.
Result<std::shared_ptr<const Choices>> choices_of(const Model& model, const LoraPrompt& prompt,
                                                  AnswerKind kind, const std::vector<KnownAnswer>& answers);

}  // namespace understudy
