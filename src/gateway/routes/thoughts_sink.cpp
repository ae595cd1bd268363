#include "gateway/routes/thoughts_sink.h"

#include <algorithm>

namespace understudy {
namespace {

// The longest end of `text` that is a beginning of `word`.
size_t held_back(std::string_view text, std::string_view word) {
  size_t length = std::min(text.size(), word.size() - 1);
  while (length > 0 && !word.starts_with(text.substr(text.size() - length))) length--;
  return length;
}

class ThoughtsSink final : public CompletionSink {
 public:
  ThoughtsSink(bool begun, size_t choices, std::shared_ptr<CompletionSink> inner)
      : begun_(begun),
        choices_(choices, Choice{begun ? State::thoughts : State::before, ""}),
        inner_(std::move(inner)) {}

  void begin() override { inner_->begin(); }

  void piece(Piece piece) override {
    Choice& choice = choices_[static_cast<size_t>(piece.choice)];
    choice.held += piece.text;
    send(choice, piece.choice, std::move(piece.tokens), false);
  }

  void restart(int choice) override {
    choices_[static_cast<size_t>(choice)] = {begun_ ? State::thoughts : State::before, ""};
    inner_->restart(choice);
  }

  void choice_end(int choice, ChoiceEnd end) override {
    send(choices_[static_cast<size_t>(choice)], choice, {}, true);
    inner_->choice_end(choice, std::move(end));
  }

  void end(const Usage& total) override { inner_->end(total); }
  void fail(const Error& error) override { inner_->fail(error); }

 private:
  enum class State { before, thoughts, gap, answer };
  struct Choice {
    State state;
    std::string held;  // not sent yet
  };

  void send(Choice& choice, int index, std::vector<ScoredToken> tokens, bool last) {
    if (choice.state == State::before) {
      if (choice.held.starts_with(kThoughtsBegin)) {
        choice.held.erase(0, kThoughtsBegin.size());
        choice.state = State::thoughts;
      } else if (last || !kThoughtsBegin.starts_with(choice.held)) {
        choice.state = State::answer;
      }
    }
    if (choice.state == State::thoughts) send_thoughts(choice, index, last);
    if (choice.state == State::gap) {
      choice.held.erase(0, std::min(choice.held.find_first_not_of('\n'), choice.held.size()));
      if (!choice.held.empty()) choice.state = State::answer;
    }
    if (choice.state == State::answer || !tokens.empty()) {
      Piece piece{index, "", std::move(tokens), {}, ""};
      if (choice.state == State::answer) std::swap(piece.text, choice.held);
      if (!piece.text.empty() || !piece.tokens.empty()) inner_->piece(std::move(piece));
    }
  }

  void send_thoughts(Choice& choice, int index, bool last) {
    const size_t end = choice.held.find(kThoughtsEnd);
    const size_t sure = end != std::string::npos ? end
                        : last                   ? choice.held.size()
                                                 : choice.held.size() - held_back(choice.held, kThoughtsEnd);
    Piece piece{index, "", {}, {}, choice.held.substr(0, sure)};
    choice.held.erase(0, sure);
    if (end != std::string::npos) {
      choice.held.erase(0, kThoughtsEnd.size());
      choice.state = State::gap;
    }
    if (!piece.reasoning.empty()) inner_->piece(std::move(piece));
  }

  const bool begun_;
  std::vector<Choice> choices_;
  std::shared_ptr<CompletionSink> inner_;
};

}  // namespace

std::shared_ptr<CompletionSink> make_thoughts_sink(const CompletionJob& job,
                                                   std::shared_ptr<CompletionSink> inner) {
  return std::make_shared<ThoughtsSink>(
      job.thoughts->begun, job.prompts.size() * static_cast<size_t>(job.params.choices), std::move(inner));
}

}  // namespace understudy
