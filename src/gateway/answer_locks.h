// AnswerLocks: the grammars of one model's answers, made from what requests ask for and kept while they are asked for
// again. Thread-safe.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "engine/answer_grammar.h"
#include "gateway/routes/openai_tools.h"
#include "gateway/routes/response_format.h"
#include "gateway/thoughts.h"
#include "text/tool_calls/tool_call_format.h"

namespace understudy {

class AnswerLocks {
 public:
  // Least recently used grammars are given up above max_bytes.
  AnswerLocks(std::shared_ptr<const Tokenizer> tokenizer, const ToolCallFormat& format,
              size_t max_bytes = size_t{64} << 20);

  // nullptr: any text will do. With tools the grammar is  calls | final  where final is what `format` says (or any text
  // that holds no call); a required or named call leaves the final out. Errors: unsupported, invalid_argument,
  // exhausted, their `where` naming field and path.
  // Thoughts may come before it, and must where the prompt has begun them.
  Result<std::shared_ptr<const AnswerGrammar>> lock(const ResponseFormat& format, const ToolRequest& tools,
                                                    const std::optional<Thoughts>& thoughts);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const AnswerGrammar> grammar;

    size_t bytes() const {
      return key.size() + grammar->grammar->bytes();
    }  // grows while the grammar is walked
  };

  Result<std::shared_ptr<const AnswerGrammar>> compile(const ResponseFormat& format, const ToolRequest& tools,
                                                       const std::optional<Thoughts>& thoughts);

  const std::shared_ptr<const Tokenizer> tokenizer_;
  const ToolCallFormat& format_;
  const size_t max_bytes_;
  std::mutex mutex_;
  std::shared_ptr<StateMasks> masks_;  // made when first needed: some 100 ms
  std::list<Entry> entries_;           // most recently used first
  std::map<std::string, std::list<Entry>::iterator, std::less<>> by_key_;
};

}  // namespace understudy
