// Chat messages -> a row of training: prompt and answer as the model's own chat template writes them.
#pragma once

#include <boost/json/array.hpp>
#include <ctime>

#include "base/result.h"
#include "engine/model.h"
#include "train/sft.h"

namespace understudy {

// The prompt as it is served: rendered with an opened answer, encoded with the tokens that the model wants in
// front.
Result<std::vector<TokenId>> chat_prompt(const Model& model, const boost::json::array& messages,
                                         std::time_t now = 0);

// `messages` in OpenAI's form, the last of them the assistant's: the answer is its text up to and with the end
// token that the template writes behind it (the model's end of text, where it writes none); all before it is the
// prompt. `now` is for templates that write the date. Errors: invalid_argument (no assistant's message at the end,
// an empty conversation, what the template refuses, a template that does not begin the whole with the prompt).
Result<SftRow> chat_row(const Model& model, const boost::json::array& messages, std::time_t now = 0);

}  // namespace understudy
