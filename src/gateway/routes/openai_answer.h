// Answers in OpenAI's form: chat.completion(.chunk) and text_completion objects, whole or as server-sent
// events.
#pragma once

#include <memory>
#include <string>

#include "gateway/http/exchange.h"
#include "gateway/provider.h"
#include "gateway/routes/completion_run.h"

namespace understudy {

enum class AnswerKind { chat, text };

// The sink that writes the answer into `exchange`: one JSON body, or with params.stream one event per piece,
// ended by
// "[DONE]". Errors before the first byte get their HTTP status; later ones are sent as an event.
std::shared_ptr<CompletionSink> make_answer(AnswerKind kind, const ServedModel& model,
                                            const CompletionJob& job, std::shared_ptr<Exchange> exchange);

}  // namespace understudy
