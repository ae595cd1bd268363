#include "gateway/routes/tool_sink.h"

#include "text/tool_calls/tool_call_format.h"

namespace understudy {
namespace {

class ToolSink final : public CompletionSink {
 public:
  ToolSink(const ToolCallFormat& format, ToolCallParserOptions options, size_t choices,
           std::shared_ptr<CompletionSink> inner)
      : format_(format), options_(std::move(options)), choices_(choices), inner_(std::move(inner)) {
    for (Choice& choice : choices_) choice.parser = format_.make_parser(options_);
  }

  void begin() override { inner_->begin(); }

  void piece(Piece piece) override {
    if (!piece.reasoning.empty()) return inner_->piece(std::move(piece));
    Choice& choice = choices_[static_cast<size_t>(piece.choice)];
    send(choice, piece.choice, choice.parser->push(piece.text), std::move(piece.tokens));
  }

  void restart(int choice) override {
    choices_[static_cast<size_t>(choice)] = {format_.make_parser(options_), false};
    inner_->restart(choice);
  }

  void choice_end(int index, ChoiceEnd end) override {
    Choice& choice = choices_[static_cast<size_t>(index)];
    send(choice, index, choice.parser->finish(end.reason == "length"), {});
    if (choice.has_call && end.reason == "stop") end.reason = "tool_calls";
    inner_->choice_end(index, std::move(end));
  }

  void end(const Usage& total) override { inner_->end(total); }
  void fail(const Error& error) override { inner_->fail(error); }

 private:
  struct Choice {
    std::unique_ptr<ToolCallParser> parser;
    bool has_call = false;
  };

  // Text and calls keep their order: a piece holds one or the other.
  void send(Choice& choice, int index, std::vector<ToolCallEvent> events, std::vector<ScoredToken> tokens) {
    Piece piece{index, "", std::move(tokens), {}, ""};
    for (ToolCallEvent& event : events) {
      choice.has_call = choice.has_call || event.kind == ToolCallEvent::Kind::end;
      if (event.kind == ToolCallEvent::Kind::text) {
        if (!piece.calls.empty()) inner_->piece(std::exchange(piece, Piece{index, "", {}, {}, ""}));
        piece.text += event.text;
      } else {
        if (!piece.text.empty()) inner_->piece(std::exchange(piece, Piece{index, "", {}, {}, ""}));
        piece.calls.push_back(std::move(event));
      }
    }
    if (!piece.text.empty() || !piece.calls.empty() || !piece.tokens.empty()) inner_->piece(std::move(piece));
  }

  const ToolCallFormat& format_;
  const ToolCallParserOptions options_;
  std::vector<Choice> choices_;
  std::shared_ptr<CompletionSink> inner_;
};

}  // namespace

std::shared_ptr<CompletionSink> make_tool_sink(const ServedModel& model, const CompletionJob& job,
                                               std::shared_ptr<CompletionSink> inner) {
  // A whole answer keeps a call that was cut as text; a stream has given its beginning out.
  const bool stream_arguments = job.grammar && job.params.stream;
  const bool name_first = job.grammar != nullptr;
  return std::make_shared<ToolSink>(
      *model.tool_calls, ToolCallParserOptions{job.tools, stream_arguments, name_first},
      job.prompts.size() * static_cast<size_t>(job.params.choices), std::move(inner));
}

}  // namespace understudy
