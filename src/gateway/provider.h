// ModelProvider: whoever turns tokens into tokens for the routes: the local engine
// (providers/local_engine.h), or a scripted one in tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/request.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"
#include "text/tool_calls/tool_call_format.h"

namespace understudy {

class AnswerLocks;

// What requests and listings call a model.
struct ModelName {
  std::string name;
  std::vector<std::string> aliases;  // further names that requests may use
  std::string digest;                // of weights and config
  int64_t created = 0;               // Unix time

  bool answers_to(std::string_view requested) const {
    if (requested == name) return true;
    for (const std::string& alias : aliases) {
      if (requested == alias) return true;
    }
    return false;
  }
};

struct ServedModel : ModelName {
  int context = 0;                                    // tokens a request may hold
  std::shared_ptr<const Tokenizer> tokenizer;         // never nullptr
  std::shared_ptr<const ChatTemplate> chat_template;  // never nullptr
  const ToolCallFormat* tool_calls = nullptr;         // how it writes calls; never nullptr
  std::shared_ptr<AnswerLocks> locks;                 // never nullptr
};

class ModelProvider {
 public:
  virtual ~ModelProvider() = default;

  virtual const ServedModel& model() const = 0;

  // As Engine::submit, but the callbacks come on the provider's own event thread, where they may take locks,
  // tokenise and submit. All are delivered before the provider is destroyed.
  virtual Result<RequestId> submit(EngineRequest request) = 0;
  virtual void cancel(RequestId id) = 0;
  virtual EngineStats stats() const = 0;
};

}  // namespace understudy
