#include "engine/ask.h"

#include <algorithm>
#include <future>
#include <memory>
#include <numeric>
#include <optional>

namespace understudy {

namespace {

// Lives until both the caller and the engine's last callback are done with it.
template <typename Answer>
struct Pending {
  Answer answer;
  std::optional<Error> error;
  std::promise<void> finished;
};

template <typename Answer>
Result<Answer> wait_for_answer(Engine& engine, EngineRequest request,
                               const std::shared_ptr<Pending<Answer>>& pending) {
  request.on_prompt = nullptr;
  request.on_finish = [pending](FinishReason reason, const Usage& usage, const Error* error) {
    pending->answer.usage = usage;
    if constexpr (requires { pending->answer.reason; }) pending->answer.reason = reason;
    if (error != nullptr) {
      pending->error = *error;
    } else if (reason == FinishReason::cancelled) {
      pending->error = Error{ErrorCode::cancelled, "the question was cancelled", "", ""};
    }
    pending->finished.set_value();
  };
  auto id = engine.submit(std::move(request));
  if (!id.ok()) return id.error();
  pending->finished.get_future().wait();
  if (pending->error) return *pending->error;
  return std::move(pending->answer);
}

}  // namespace

Result<ChoiceAnswer> ask_choice(Engine& engine, EngineRequest request) {
  auto pending = std::make_shared<Pending<ChoiceAnswer>>();
  if (!request.choices) {
    return Error{ErrorCode::invalid_argument, "there are no choices", "choices", ""};
  }
  request.on_choice = [pending](const Choice& choice) { pending->answer.choice = choice; };
  return wait_for_answer(engine, std::move(request), pending);
}

Result<TextAnswer> ask_text(Engine& engine, EngineRequest request) {
  auto pending = std::make_shared<Pending<TextAnswer>>();
  if (request.choices) {
    return Error{ErrorCode::invalid_argument, "the answer is one of closed choices", "choices", ""};
  }
  request.logprobs = std::max(request.logprobs, 0);
  const auto logprobs = std::make_shared<std::vector<double>>();
  const auto count = [pending, logprobs](const TokenEvent& event) {
    logprobs->push_back(static_cast<double>(event.logprob.value_or(0.0f)));
    pending->answer.logprob += logprobs->back();
  };
  request.on_rewind = [pending, logprobs](int tokens) {
    pending->answer.tokens.resize(static_cast<size_t>(tokens));
    logprobs->resize(static_cast<size_t>(tokens));
    pending->answer.logprob = std::accumulate(logprobs->begin(), logprobs->end(), 0.0);
  };
  request.on_token = [pending, count](const TokenEvent& event) {
    pending->answer.tokens.push_back(event.id);
    count(event);
  };
  request.on_end = count;
  return wait_for_answer(engine, std::move(request), pending);
}

}  // namespace understudy
