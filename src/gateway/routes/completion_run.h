// CompletionRun: the answers to one request: every prompt `choices` times, through a ModelProvider, as text.
//
// The first choice of a prompt goes ahead; the others follow when its first token is there, so that they
// share its prefix. A stop string ends a choice and frees its place in the engine. When the client leaves,
// everything is cancelled.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"
#include "gateway/http/exchange.h"
#include "gateway/provider.h"
#include "gateway/routes/openai_params.h"
#include "gateway/thoughts.h"
#include "text/tool_calls/tool_call_parser.h"

namespace understudy {

struct TokenizedPrompt {
  std::vector<TokenId> ids;
  std::string text;  // for echo
};

struct CompletionJob {
  std::vector<TokenizedPrompt> prompts;
  GenerationParams params;
  bool echo = false;
  std::shared_ptr<const AnswerGrammar> grammar;  // nullptr: any text
  std::vector<std::string> tools;    // names that calls in the answer may have; none: calls are text
  std::optional<Thoughts> thoughts;  // answers may begin with thoughts
  std::vector<TokenId> prediction;   // of the answer, as the client guesses it
  std::string abstention;            // not empty: what stands for a refusal to answer
};

// A token of the answer, or of an echoed prompt.
struct ScoredToken {
  TokenEvent event;
  size_t text_offset = 0;  // characters of the choice's text before this token
};

// A part of choice `choice` (prompt x choices + number): text and, with logprobs, the tokens it consists of.
struct Piece {
  int choice = 0;
  std::string text;
  std::vector<ScoredToken> tokens;
  std::vector<ToolCallEvent> calls;  // without `text`
  std::string reasoning;             // without `text`
};

struct ChoiceEnd {
  std::string_view reason;           // OpenAI's finish_reason
  std::optional<double> confidence;  // with a grammar: of the least probable of the values that it left open
  std::vector<LoopIncident> loops;
};

// Takes the answers. One call at a time: begin, then piece and choice_end of all choices mixed, then end; or
// fail, before or after begin. Streams are never restarted.
class CompletionSink {
 public:
  virtual ~CompletionSink() = default;
  virtual void begin() = 0;
  virtual void piece(Piece piece) = 0;
  // All pieces of `choice` are void: it begins anew.
  virtual void restart(int choice) = 0;
  virtual void choice_end(int choice, ChoiceEnd end) = 0;
  virtual void end(const Usage& total) = 0;
  virtual void fail(const Error& error) = 0;
};

// Returns at once; `sink` is called from here and from the provider's event thread.
void run_completion(ModelProvider& provider, CompletionJob job, std::shared_ptr<Exchange> exchange,
                    std::shared_ptr<CompletionSink> sink);

}  // namespace understudy
