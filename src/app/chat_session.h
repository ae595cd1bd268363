// A conversation with a model that runs in this process.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/engine.h"

namespace understudy {

struct ChatOptions {
  std::string system;  // system message; "" for none
  SamplingParams sampling;
  int max_tokens = 0;  // per answer, as far as the context reaches; 0: a default by kind of model
  int threads = 0;     // 0: all that the process may use
};

struct Answer {
  std::string text;
  FinishReason reason = FinishReason::stop;
  Usage usage;
};

class ChatSession {
 public:
  // Loads the model. Errors: those of the file; unsupported for a model without a tokenizer.
  static Result<ChatSession> open(const ModelLocation& location, const ChatOptions& options);

  // Asks, hands out text as it comes and remembers both turns. `interrupted` is looked at every 20 ms; once
  // it is true the answer ends where it is. An Error leaves the conversation as it was.
  Result<Answer> ask(const std::string& text, const std::function<void(std::string_view)>& on_text,
                     const std::function<bool()>& interrupted);

  void forget();  // starts over, with the system message only
  // Takes effect with the next answer; `system` takes the place of the one before.
  void set_system(std::string system);
  ChatOptions& options() { return options_; }
  // True if the model brought no chat template: it continues text rather than chats.
  bool is_base_model() const { return !model_->is_chat(); }

 private:
  ChatSession(std::shared_ptr<const Model> model, std::unique_ptr<Engine> engine, ChatOptions options);
  Result<std::vector<TokenId>> encode(const boost::json::array& messages) const;

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Engine> engine_;
  ChatOptions options_;
  boost::json::array messages_;
};

}  // namespace understudy
