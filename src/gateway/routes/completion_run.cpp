#include "gateway/routes/completion_run.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "gateway/routes/confidence.h"
#include "text/stream_decoder.h"

namespace understudy {
namespace {

// Choices of one request that the engine has at the same time, so that a long list leaves room in the queue
// for others.
constexpr int kMaxAtOnce = 16;

size_t count_characters(std::string_view bytes) {
  return std::count_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

struct Choice {
  std::optional<RequestId> id;  // while the engine has it
  std::unique_ptr<StreamDecoder> decoder;
  size_t characters = 0;            // of all tokens so far
  size_t sent_characters = 0;       // of the text so far
  int tokens = 0;                   // of the answer, up to a stop string
  std::vector<TokenEvent> events;   // of the answer, while it may be rewound or is locked
  std::vector<ScoredToken> unsent;  // their text is still held back
  bool followed = false;            // the other choices of its prompt were released
};

class CompletionRun : public std::enable_shared_from_this<CompletionRun> {
 public:
  CompletionRun(ModelProvider& provider, CompletionJob job, std::shared_ptr<CompletionSink> sink)
      : provider_(provider), job_(std::move(job)), sink_(std::move(sink)) {
    choices_.resize(job_.prompts.size() * job_.params.choices);
    for (size_t first = 0; first < choices_.size(); first += job_.params.choices) waiting_.push_back(first);
    unfinished_ = choices_.size();
  }

  void start() {
    std::lock_guard lock(mutex_);
    submit_waiting();
  }

  void cancel() {
    std::lock_guard lock(mutex_);
    abort();
  }

 private:
  void abort();
  void fail(const Error& error);
  void submit_waiting();
  Status submit(size_t index);
  void echo_prompt(size_t index, const std::vector<TokenEvent>& events);
  void on_token(size_t index, const TokenEvent& event);
  void on_rewind(size_t index, int tokens);
  void take(size_t index, const TokenEvent& event);
  void on_finish(size_t index, FinishReason reason, const Usage& usage, const Error* error);
  void release_others(size_t index);
  void send(size_t index, std::string text, bool last);
  bool with_logprobs() const { return job_.params.logprobs >= 0; }

  ModelProvider& provider_;
  CompletionJob job_;
  std::shared_ptr<CompletionSink> sink_;
  std::mutex mutex_;
  std::vector<Choice> choices_;
  std::deque<size_t> waiting_;
  size_t unfinished_ = 0;
  int running_ = 0;
  bool begun_ = false, over_ = false;
  Usage total_;
};

void CompletionRun::abort() {
  over_ = true;
  for (Choice& choice : choices_) {
    if (choice.id) provider_.cancel(*choice.id);
  }
}

void CompletionRun::fail(const Error& error) {
  if (over_) return;
  abort();
  sink_->fail(error);
}

void CompletionRun::submit_waiting() {
  while (!over_ && !waiting_.empty() && running_ < kMaxAtOnce) {
    Status status = submit(waiting_.front());
    if (!status.ok()) {
      bool later = status.error().code == ErrorCode::exhausted && running_ > 0;
      if (!later) fail(status.error());
      return;
    }
    waiting_.pop_front();
  }
}

Status CompletionRun::submit(size_t index) {
  const GenerationParams& params = job_.params;
  EngineRequest request;
  request.prompt = job_.prompts[index / params.choices].ids;
  request.sampling = params.sampling;
  request.sampling.seed += index;
  request.max_tokens = params.max_tokens;
  request.logprobs = params.logprobs;
  request.prompt_logprobs = job_.echo && with_logprobs();
  // Clients that score text ask for one token more and drop the last entry; without this a model that ends
  // there would leave that entry out and they would drop a token of the text.
  request.ignore_end = params.ignore_end || (request.prompt_logprobs && params.max_tokens == 1);
  auto self = shared_from_this();
  if (request.prompt_logprobs) {
    request.on_prompt = [self, index](const std::vector<TokenEvent>& events) {
      std::lock_guard lock(self->mutex_);
      if (!self->over_) self->echo_prompt(index, events);
    };
  }
  request.on_token = [self, index](const TokenEvent& event) {
    std::lock_guard lock(self->mutex_);
    if (!self->over_) self->on_token(index, event);
  };
  request.on_finish = [self, index](FinishReason reason, const Usage& usage, const Error* error) {
    std::lock_guard lock(self->mutex_);
    self->choices_[index].id.reset();
    if (!self->over_) self->on_finish(index, reason, usage, error);
  };
  request.grammar = job_.grammar;
  request.drafts = params.drafts;
  request.prediction = job_.prediction;
  if (job_.thoughts) request.reasoning = reasoning_budget(*job_.thoughts, *provider_.model().tokenizer);
  if (params.loop_guard && !request.ignore_end) {
    request.loop_guard = LoopGuard{provider_.model().tokenizer};
    if (params.stream || job_.echo) request.loop_guard->rewinds = 0;  // what was sent cannot be taken back
  }
  request.on_rewind = [self, index](int tokens) {
    std::lock_guard lock(self->mutex_);
    if (!self->over_) self->on_rewind(index, tokens);
  };
  bool echo_now = job_.echo && !request.prompt_logprobs;
  ASSIGN_OR_RETURN(choices_[index].id, provider_.submit(std::move(request)));
  choices_[index].decoder = std::make_unique<StreamDecoder>(provider_.model().tokenizer, params.stop);
  ++running_;
  if (!begun_) sink_->begin();
  begun_ = true;
  if (echo_now) echo_prompt(index, {});
  return {};
}

void CompletionRun::echo_prompt(size_t index, const std::vector<TokenEvent>& events) {
  Choice& choice = choices_[index];
  Piece piece{static_cast<int>(index), job_.prompts[index / job_.params.choices].text, {}, {}, ""};
  for (const TokenEvent& event : events) {
    piece.tokens.push_back({event, choice.characters});
    choice.characters += count_characters(provider_.model().tokenizer->bytes(event.id));
  }
  choice.characters = choice.sent_characters = count_characters(piece.text);
  sink_->piece(std::move(piece));
}

void CompletionRun::on_token(size_t index, const TokenEvent& event) {
  release_others(index);
  if (job_.grammar || !job_.params.stream) choices_[index].events.push_back(event);
  take(index, event);
}

void CompletionRun::on_rewind(size_t index, int tokens) {
  Choice& choice = choices_[index];
  if (choice.decoder->stopped()) return;
  std::vector<TokenEvent> left(choice.events.begin(), choice.events.begin() + tokens);
  choice.decoder = std::make_unique<StreamDecoder>(provider_.model().tokenizer, job_.params.stop);
  choice.characters = choice.sent_characters = 0;
  choice.tokens = 0;
  choice.unsent.clear();
  sink_->restart(static_cast<int>(index));
  for (const TokenEvent& event : left) take(index, event);
  choice.events = std::move(left);
}

void CompletionRun::take(size_t index, const TokenEvent& event) {
  Choice& choice = choices_[index];
  if (choice.decoder->stopped()) return;
  ++choice.tokens;
  if (with_logprobs()) choice.unsent.push_back({event, choice.characters});
  choice.characters += count_characters(provider_.model().tokenizer->bytes(event.id));
  std::string text = choice.decoder->push(event.id);
  bool stopped = choice.decoder->stopped();
  if (!text.empty() || stopped) send(index, std::move(text), false);
  if (stopped) provider_.cancel(*choice.id);
}

// Sends `text` with the tokens that begin in it; `last`: with all that are left.
void CompletionRun::send(size_t index, std::string text, bool last) {
  Choice& choice = choices_[index];
  choice.sent_characters += count_characters(text);
  auto split = std::find_if(choice.unsent.begin(), choice.unsent.end(), [&](const ScoredToken& token) {
    return !last && token.text_offset >= choice.sent_characters;
  });
  Piece piece{static_cast<int>(index), std::move(text), {choice.unsent.begin(), split}, {}, ""};
  choice.unsent.erase(choice.unsent.begin(), split);
  if (!piece.text.empty() || !piece.tokens.empty()) sink_->piece(std::move(piece));
}

void CompletionRun::on_finish(size_t index, FinishReason reason, const Usage& usage, const Error* error) {
  Choice& choice = choices_[index];
  bool stopped = choice.decoder->stopped();
  if (reason == FinishReason::error) {
    return fail(error ? *error : Error{ErrorCode::internal, "generation failed", "", ""});
  }
  if (reason == FinishReason::cancelled && !stopped) {
    return fail({ErrorCode::cancelled, "The server is shutting down", "", ""});
  }
  if (!stopped) {
    send(index, choice.decoder->finish(), true);
    stopped = choice.decoder->stopped();
  }
  ChoiceEnd end{reason == FinishReason::length && !stopped ? "length" : "stop", std::nullopt, usage.loops};
  if (job_.grammar) end.confidence = confidence_of(choice.events, *provider_.model().tokenizer);
  sink_->choice_end(static_cast<int>(index), std::move(end));
  if (index % job_.params.choices == 0) {
    total_.prompt_tokens += usage.prompt_tokens;
    total_.cached_tokens += usage.cached_tokens;
    total_.queue_ms = std::max(total_.queue_ms, usage.queue_ms);
  }
  total_.cpu_seconds += usage.cpu_seconds;
  total_.reasoning_tokens += usage.reasoning_tokens;
  total_.accepted_predictions += usage.accepted_predictions;
  total_.rejected_predictions += usage.rejected_predictions;
  total_.completion_tokens += stopped ? choice.tokens : usage.completion_tokens;
  --running_;
  if (--unfinished_ == 0) {
    over_ = true;
    return sink_->end(total_);
  }
  release_others(index);
  submit_waiting();
}

// The prompt of `index` is computed now: its other choices find it in the prefix tree.
void CompletionRun::release_others(size_t index) {
  size_t first = index - index % job_.params.choices;
  if (index != first || choices_[first].followed) return;
  choices_[first].followed = true;
  for (int other = job_.params.choices - 1; other > 0; --other) waiting_.push_front(first + other);
  submit_waiting();
}

}  // namespace

void run_completion(ModelProvider& provider, CompletionJob job, std::shared_ptr<Exchange> exchange,
                    std::shared_ptr<CompletionSink> sink) {
  auto run = std::make_shared<CompletionRun>(provider, std::move(job), std::move(sink));
  exchange->on_disconnect([weak = std::weak_ptr(run)] {
    if (auto alive = weak.lock()) alive->cancel();
  });
  run->start();
}

}  // namespace understudy
