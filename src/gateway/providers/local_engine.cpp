#include "gateway/providers/local_engine.h"

#include <ctime>

#include "gateway/answer_locks.h"
#include "gateway/worker.h"

namespace understudy {
namespace {

class LocalEngine final : public ModelProvider {
 public:
  LocalEngine(std::unique_ptr<Engine> engine, ServedModel served)
      : served_(std::move(served)), engine_(std::move(engine)) {}

  const ServedModel& model() const override { return served_; }

  // The engine's thread only hands events on: decoding and JSON never run there.
  Result<RequestId> submit(EngineRequest request) override {
    if (request.on_prompt) {
      request.on_prompt = [this, call = std::move(request.on_prompt)](const std::vector<TokenEvent>& events) {
        events_.post([call, events] { call(events); });
      };
    }
    request.on_token = [this, call = std::move(request.on_token)](const TokenEvent& event) {
      events_.post([call, event] { call(event); });
    };
    if (request.on_rewind) {
      request.on_rewind = [this, call = std::move(request.on_rewind)](int tokens) {
        events_.post([call, tokens] { call(tokens); });
      };
    }
    request.on_finish = [this, call = std::move(request.on_finish)](FinishReason reason, const Usage& usage,
                                                                    const Error* error) {
      auto copy = error ? std::make_shared<Error>(*error) : nullptr;
      events_.post([call, reason, usage, copy] { call(reason, usage, copy.get()); });
    };
    return engine_->submit(std::move(request));
  }

  void cancel(RequestId id) override { engine_->cancel(id); }
  EngineStats stats() const override { return engine_->stats(); }

 private:
  ServedModel served_;
  Worker events_;  // outlives the engine, whose destructor ends every request
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Result<std::unique_ptr<ModelProvider>> make_local_provider(std::unique_ptr<Engine> engine, std::string name,
                                                           std::vector<std::string> aliases) {
  const Model& model = engine->model();
  if (!model.tokenizer()) {
    return Error{ErrorCode::unsupported, "the model has no tokenizer", name,
                 "Serve a model file that carries its tokenizer"};
  }
  ServedModel served{{std::move(name), std::move(aliases), model.digest(), std::time(nullptr)},
                     engine->context(),
                     model.tokenizer(),
                     model.chat_template(),
                     &model.tool_call_format(),
                     std::make_shared<AnswerLocks>(model.tokenizer(), model.tool_call_format())};
  if (!served.chat_template) {
    ASSIGN_OR_RETURN(served.chat_template, ChatTemplate::parse(plain_chat_template()));
  }
  return std::unique_ptr<ModelProvider>(std::make_unique<LocalEngine>(std::move(engine), std::move(served)));
}

}  // namespace understudy
