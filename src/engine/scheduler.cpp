#include "engine/scheduler.h"

#include <algorithm>
#include <unordered_set>

#include "engine/limits.h"
#include "engine/sequence.h"

namespace understudy {

namespace {

// A request that is forced along a choice gets at most a page of rows a step: others wait for it no longer
// than for a page of a prompt.
constexpr int kForcedRows = kPageTokens;

}  // namespace

Scheduler::Scheduler(EngineModel model, std::unique_ptr<StateCache> cache, const Options& options)
    : model_(std::move(model)),
      cache_(std::move(cache)),
      options_(options),
      pool_(options.threads),
      workspace_(make_workspace(pool_)),
      pace_(options.prefill_chunk) {
  stats_.kv_bytes_total = cache_->budget();
}

Scheduler::~Scheduler() = default;

// Everything that a prefix's state depends on, and the tenant.
std::string Scheduler::cache_key(const EngineRequest& request) const {
  std::string key = model_.digest + '\n' + std::string(model_.network->numerics()) + '\n';
  if (request.adapter) key += request.adapter->digest;
  return key + '\n' + request.tenant;
}

Status Scheduler::enqueue(RequestId id, EngineRequest request) {
  std::string key = cache_key(request);
  auto sequence = std::make_unique<Sequence>(id, std::move(request), std::move(key), model_.end_tokens);
  {
    std::lock_guard lock(mutex_);
    int places = std::max(options_.max_running - stats_.running, 0);
    if (static_cast<int>(waiting_.size()) >= options_.max_queued + places) {
      return Error{ErrorCode::exhausted, std::to_string(waiting_.size()) + " requests are waiting already",
                   "", "Try again later, or raise max_queued"};
    }
    waiting_.push_back(std::move(sequence));
    stats_.queued = static_cast<int>(waiting_.size());
  }
  work_.notify_one();
  return {};
}

void Scheduler::cancel(RequestId id) {
  {
    std::lock_guard lock(mutex_);
    cancellations_.push_back(id);
    abandon_if_cancelled(std::erase(stepping_, id));
  }
  work_.notify_one();
}

EngineStats Scheduler::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void Scheduler::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_one();
}

void Scheduler::run() {
  while (wait_for_work()) {
    apply_cancellations();
    admit();
    if (!running_.empty()) step();
    finish_ended();
  }
  for (auto& sequence : running_) end(*sequence, FinishReason::cancelled);
  {
    std::lock_guard lock(mutex_);
    for (auto& sequence : waiting_) {
      end(*sequence, FinishReason::cancelled);
      ended_.push_back(std::move(sequence));
    }
    waiting_.clear();
  }
  finish_ended();
}

bool Scheduler::wait_for_work() {
  std::unique_lock lock(mutex_);
  work_.wait(lock,
             [&] { return stop_ || !running_.empty() || !waiting_.empty() || !cancellations_.empty(); });
  return !stop_;
}

void Scheduler::apply_cancellations() {
  std::lock_guard lock(mutex_);
  if (cancellations_.empty()) return;
  std::unordered_set<RequestId> ids(cancellations_.begin(), cancellations_.end());
  cancellations_.clear();
  for (auto& sequence : running_) {
    if (ids.count(sequence->id) > 0) end(*sequence, FinishReason::cancelled);
  }
  for (auto& sequence : waiting_) {
    if (ids.count(sequence->id) == 0) continue;
    end(*sequence, FinishReason::cancelled);
    ended_.push_back(std::move(sequence));
  }
  std::erase(waiting_, nullptr);
}

void Scheduler::end(Sequence& sequence, FinishReason reason) {
  sequence.ended = true;
  sequence.reason = reason;
}

void Scheduler::admit() {
  finish_ended();  // frees the places and the memory of the cancelled
  while (static_cast<int>(running_.size()) < options_.max_running) {
    Sequence* first = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (waiting_.empty()) return;
      first = waiting_.front().get();  // only this thread takes from the queue
    }
    bool reuse = !first->request.prompt_logprobs;
    if (!cache_->admit(first->state, first->key, first->prompt(), first->most_rows(), reuse)) return;
    first->usage.cached_tokens = first->state.position;
    first->usage.queue_ms = milliseconds(Clock::now() - first->submitted);

    {
      std::lock_guard lock(mutex_);
      running_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
      stats_.running = static_cast<int>(running_.size());
      stats_.queued = static_cast<int>(waiting_.size());
    }
    if (!first->decided() || !reuse) continue;
    end_decided(*first);  // one choice and no prompt to score: there is nothing to compute
    finish_ended();
  }
}

void Scheduler::step() {
  reuse_prefixes();
  plan_step();
  begin_step();
  const double cpu_before = pool_.cpu_seconds();
  restrict_logits();
  const auto start = Clock::now();
  std::span<const float> logits = model_.network->forward(batch_, *workspace_);
  const bool abandoned = was_abandoned();
  if (!abandoned) {
    const double ms = milliseconds(Clock::now() - start);
    pace_.took(static_cast<int>(batch_.tokens.size()), ms);
    if (batch_.sequences[0].kind == RowKind::generated)
      drafts_.took(static_cast<int>(batch_.tokens.size()), ms);
    run_jobs(logits);
  }
  charge_step(pool_.cpu_seconds() - cpu_before);
  if (abandoned) return retract_step();
  commit_step();
  deliver(logits);
}

void Scheduler::reuse_prefixes() {
  for (auto& sequence : running_) {
    if (!sequence->prefilling() || sequence->request.prompt_logprobs) continue;
    sequence->usage.cached_tokens += cache_->advance_by_reuse(sequence->state, sequence->prompt());
  }
}

void Scheduler::plan_step() {
  batch_ = {};
  jobs_.clear();
  std::vector<Prefilling> prefilling;
  std::vector<Sequence*> sequences;
  for (auto& s : running_) {
    s->rows = 0;
    s->drafted = 0;
    s->guesses.clear();
    if (!s->prefilling()) continue;
    bool scored = s->request.prompt_logprobs;
    prefilling.push_back({s->prompt(), s->state.position, s->key, !scored, scored});
    sequences.push_back(s.get());
  }
  size_t logit_bytes = static_cast<size_t>(model_.network->vocabulary()) * sizeof(float);
  int scored_rows = std::max(kPageTokens, static_cast<int>(kScoringLogitBytes / logit_bytes));
  auto rows = plan_prefill(prefilling, {pace_.rows(), scored_rows, model_.network->snapshot_bytes() > 0});
  for (size_t i = 0; i < rows.size(); i++) {
    if (rows[i] > 0) add_rows(*sequences[i], rows[i], RowKind::prompt);
  }
  if (batch_.tokens.empty()) plan_drafts();
  for (auto& s : running_) {
    if (!s->prefilling()) add_rows(*s, std::min(s->unfed(), kForcedRows), RowKind::generated);
  }
}

// Rows of prompts are bound by arithmetic: a step that holds some has no room for guesses.
void Scheduler::plan_drafts() {
  int rows = 0;
  for (auto& s : running_) rows += std::min(s->unfed(), kForcedRows);
  double tokens = static_cast<double>(running_.size());
  for (auto& s : running_) {
    tokens += drafts_.plan(*s, rows, tokens, draft_room(*s));
    cut_drafts(*s);
    rows += s->drafted;
  }
}

// A snapshot has no way back from a row that was not right; and where a rewind has ruled a token out, the largest logit alone
// would say nothing.
int Scheduler::draft_room(const Sequence& s) const {
  const bool can = s.request.drafts && model_.network->snapshot_bytes() == 0 && !s.path && s.forced.empty();
  if (!can) return 0;
  const int room = std::min(kForcedRows - s.unfed(), s.most_rows() - static_cast<int>(s.tokens.size()));
  const int next = s.generated() + 1;
  const auto ban = s.watch ? s.watch->next_ban(next) : std::nullopt;
  return ban ? std::min(room, *ban - next) : room;
}

// What ends the answer is fed by nobody, and what its grammar rules out cannot come.
void Scheduler::cut_drafts(Sequence& s) {
  std::vector<TokenId> fed;
  for (int i = 0; i < s.drafted && !ends_answer(s, s.guesses[static_cast<size_t>(i)].token); i++)
    fed.push_back(s.guesses[static_cast<size_t>(i)].token);
  s.drafted = static_cast<int>(fed.size());
  if (!s.locked || s.drafted == 0) return;
  s.wanted_behind_drafts = TokenMask(static_cast<size_t>(model_.network->vocabulary()));
  s.drafted = s.locked->reach(fed, s.wanted_behind_drafts);
}

bool Scheduler::ends_answer(const Sequence& s, TokenId id) const {
  const auto contains = [&](const std::vector<TokenId>& ids) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  return contains(s.request.stop_tokens) || (!s.request.ignore_end && contains(model_.end_tokens));
}

// A step on a large model may take longer than a cancelled request may keep its place (1.5B parameters: 150
// ms for a page of a prompt): it is given up between two blocks. Those that are left redo it, which the next
// step may not ask of them again, so that they advance whoever comes and goes. A row of paged state is
// simply written again; a snapshot has no way back, so that there only a step that nobody waits for is given
// up.
void Scheduler::begin_step() {
  std::lock_guard lock(mutex_);
  step_can_be_redone_ = model_.network->snapshot_bytes() == 0 && !step_abandoned_;
  step_abandoned_ = false;
  stepping_.clear();
  size_t cancelled = 0;
  for (auto& s : running_) {
    if (s->rows == 0) continue;
    const bool is_cancelled = std::count(cancellations_.begin(), cancellations_.end(), s->id) > 0;
    if (is_cancelled) {
      cancelled++;
    } else {
      stepping_.push_back(s->id);
    }
  }
  abandon_if_cancelled(cancelled);
  batch_.abandoned = &step_abandoned_;
}

void Scheduler::abandon_if_cancelled(size_t cancelled) {
  if (cancelled > 0 && (stepping_.empty() || step_can_be_redone_)) step_abandoned_ = true;
}

// A request that is cancelled from here on ends before the next step.
bool Scheduler::was_abandoned() {
  std::lock_guard lock(mutex_);
  stepping_.clear();
  return step_abandoned_;
}

// apply_cancellations() ends the requests that the step was given up for.
void Scheduler::retract_step() {
  for (auto& s : running_) cache_->retract(s->state);
}

// A step's work grows with its rows; what one row costs more than another (its logits, a longer past) is not told apart.
void Scheduler::charge_step(double cpu_seconds) {
  const double share = cpu_seconds / static_cast<double>(std::max<size_t>(batch_.tokens.size(), 1));
  for (auto& s : running_) s->usage.cpu_seconds += share * s->rows;
}

void Scheduler::add_rows(Sequence& sequence, int rows, RowKind kind) {
  const int begin = sequence.state.position, end = begin + rows;
  cache_->extend(sequence.state, end + sequence.drafted);
  SequenceRows entry;
  entry.row = static_cast<int>(batch_.tokens.size());
  entry.rows = rows + sequence.drafted;
  entry.position = begin;
  entry.kind = kind;
  for (auto& table : sequence.state.pages) entry.pages.emplace_back(table);
  entry.snapshot = sequence.state.snapshot;
  if (sequence.request.adapter) entry.adapter = &sequence.request.adapter->adapter;
  batch_.tokens.insert(batch_.tokens.end(), sequence.tokens.begin() + begin, sequence.tokens.begin() + end);
  for (int position = begin; position < end; position++) {
    bool last = position + 1 == static_cast<int>(sequence.tokens.size());
    bool sample = last && sequence.request.max_tokens > 0 && !sequence.decided();
    bool score = sequence.request.prompt_logprobs && position + 1 < sequence.prompt_size;
    if (!sample && !score) continue;
    batch_.outputs.push_back(entry.row + position - begin);
    jobs_.push_back({&sequence, position, sample});
  }
  for (int i = 0; i < sequence.drafted; i++) {
    batch_.tokens.push_back(sequence.guesses[static_cast<size_t>(i)].token);
    batch_.outputs.push_back(entry.row + rows + i);
    jobs_.push_back({&sequence, end + i, /*sample=*/true, /*drafted=*/true});
  }
  sequence.rows = entry.rows;
  batch_.sequences.push_back(std::move(entry));
  if (sequence.request.prompt_logprobs)
    sequence.prompt_events.resize(static_cast<size_t>(sequence.prompt_size));
}

void Scheduler::commit_step() {
  for (auto& s : running_) {
    if (s->rows == 0) continue;
    const int end = s->state.position + s->rows - s->drafted;
    cache_->commit(s->state, s->prompt(), end, is_snapshot_position(end, s->prompt_size));
  }
  std::lock_guard lock(mutex_);
  stats_.steps++;
  stats_.kv_bytes_used = cache_->held_bytes();
  stats_.kv_bytes_cached = cache_->idle_bytes();
}

void Scheduler::deliver(std::span<const float> logits) {
  for (auto& s : running_) {
    if (s->rows == 0 || s->prefilling()) continue;
    if (s->state.position == s->prompt_size && s->request.prompt_logprobs) {
      s->prompt_events[0].id = s->tokens[0];
      if (s->request.on_prompt) s->request.on_prompt(s->prompt_events);
    }
    if (s->unfed() > 0) continue;  // forced along its choices
    if (s->decided()) {            // there was one choice
      end_decided(*s);
    } else if (s->request.max_tokens == 0) {
      end(*s, FinishReason::length);
    } else {
      deliver_token(*s);
      if (s->drafted > 0) deliver_drafts(*s, logits);
      drafts_.judge(*s);
    }
  }
}

// As long as what comes is what was guessed and no loop was met, its row is there already. What is forced behind a token may
// have been guessed, too.
void Scheduler::deliver_drafts(Sequence& s, std::span<const float> logits) {
  const auto vocabulary = static_cast<size_t>(model_.network->vocabulary());
  const size_t loops = s.usage.loops.size();
  int accepted = 0;
  for (size_t j = 0; j < jobs_.size() && !s.ended && s.usage.loops.size() == loops; j++) {
    Job& job = jobs_[j];
    if (job.sequence != &s || !job.drafted) continue;
    const auto place = static_cast<size_t>(job.position);
    if (s.tokens.size() <= place || s.tokens[place] != s.guesses[place - s.planned_size].token) break;
    cache_->commit(s.state, s.prompt(), job.position + 1, /*snapshot=*/false);
    accepted++;
    if (s.unfed() > 0) continue;
    allow(job);
    run_job(job, logits.subspan(j * vocabulary, vocabulary));
    deliver_token(s);
  }
  cache_->retract(s.state);
  s.usage.drafted_tokens += s.drafted;
  s.usage.accepted_tokens += accepted;
  if (!s.guesses_predicted) return;
  s.usage.accepted_predictions += accepted;
  s.usage.rejected_predictions += s.drafted - accepted;
}

void Scheduler::deliver_token(Sequence& s) {
  if (!s.next && s.locked && s.locked->is_overloaded()) {
    s.error = Error{ErrorCode::invalid_argument, "the answer can be read in too many ways by its grammar", "",
                    "Make the alternatives of the schema exclude each other"};
    return end(s, FinishReason::error);
  }
  if (!s.next) {
    s.error = Error{ErrorCode::internal, "the model produced no finite logits", "",
                    "The model file may be damaged"};
    return end(s, FinishReason::error);
  }
  TokenEvent event = std::move(*s.next);
  s.next.reset();
  s.mark_first_token();
  if (s.path) return deliver_choice(s, event.id);
  if (ends_answer(s, event.id)) {
    if (s.request.on_end) s.request.on_end(event);
    return end(s, FinishReason::stop);
  }
  const bool was_forced = !s.forced.empty();
  if (was_forced) s.forced.pop_front();
  s.usage.forced_tokens += was_forced;
  append(s, event);
  if (s.locked && !was_forced) s.locked->follow(event.id);
  if (s.request.reasoning) s.think(event.id);
  if (s.locked || !s.forced.empty()) go_on_without_choice(s);
  if (!s.ended && s.full()) {
    if (s.watch && !s.closing) {
      if (auto loop = s.watch->cut(s.answer())) s.usage.loops.push_back(std::move(*loop));
    }
    end(s, FinishReason::length);
  }
  if (!s.watch || s.closing || s.ended) return;
  // What is forced along with it is of one step: a loop in it is noticed at its end.
  std::optional<Loop> loop;
  for (const TokenId id : s.answer().subspan(s.watched)) loop = s.watch->add(id);
  s.watched = s.answer().size();
  if (loop) break_loop(s, *loop);
}

void Scheduler::break_loop(Sequence& s, const Loop& loop) {
  using Action = LoopIncident::Action;
  const auto record = [&](Action action) {
    s.usage.loops.push_back(s.watch->incident(loop, action, s.answer()));
  };
  if (s.watch->may_rewind() && cache_->holds(s.state, s.prompt_size + loop.rewind - 1)) {
    record(Action::rewound);
    return rewind(s, loop);
  }
  if (s.thoughts == Sequence::Thoughts::open) {
    record(Action::closed);
    s.close_thoughts();
    return s.watch->begin_anew();
  }
  if (s.locked) {
    // Forced tokens that were not fed yet are part of the answer's path already.
    for (const TokenId id : s.locked->take_closing()) s.forced.push_back(id);
  }
  s.closing = !s.forced.empty();
  record(s.closing ? Action::closed : Action::ended);
  if (!s.closing) end(s, FinishReason::length);  // nothing to close, as in text beside tools: cut
}

void Scheduler::end_locked(Sequence& s) {
  end(s, s.locked->can_end() ? FinishReason::stop : FinishReason::length);
}

// State of rows is simply written again from there on.
void Scheduler::rewind(Sequence& s, const Loop& loop) {
  const std::span<const TokenId> dropped = s.answer().subspan(static_cast<size_t>(loop.rewind));
  s.watch->rewind(loop, s.answer());
  s.sampler.forget(dropped);
  s.text.truncate(s.tokens.size() - dropped.size());
  s.forced.clear();
  s.tokens.resize(s.tokens.size() - dropped.size());
  s.watched = s.answer().size();
  if (loop.rewind < s.thoughts_end) s.thoughts = Sequence::Thoughts::open;
  if (s.locked) s.locked->rewind(s.answer());
  // The row of the last token that is left is computed once more, for its logits.
  s.state.position = std::min(s.state.position, static_cast<int>(s.tokens.size()) - 1);
  if (s.request.on_rewind) s.request.on_rewind(loop.rewind);
}

void Scheduler::append(Sequence& s, const TokenEvent& event) {
  s.tokens.push_back(event.id);
  s.sampler.accept(event.id);
  if (s.request.on_token) s.request.on_token(event);
}

// What there is no choice about is appended, to be computed in one step with the next choice; with log-probabilities
// each of these tokens needs a step of its own.
void Scheduler::go_on_without_choice(Sequence& s) {
  if (s.locked && s.forced.empty() && !s.closing && !s.full()) s.force();
  const bool at_once = s.request.fast_forward && s.request.logprobs < 0;
  while (at_once && !s.forced.empty() && !s.full()) {
    append(s, TokenEvent{s.forced.front(), {}, {}});
    s.forced.pop_front();
    s.usage.forced_tokens++;
  }
  if (s.locked && s.forced.empty() && (s.closing || s.locked->must_end())) end_locked(s);
}

void Scheduler::deliver_choice(Sequence& s, TokenId token) {
  s.tokens.push_back(token);
  s.path->follow(token);
  s.add_forced();
  if (s.decided()) end_decided(s);
}

void Scheduler::end_decided(Sequence& s) {
  s.mark_first_token();
  if (s.request.on_choice) s.request.on_choice(s.path->choice());
  end(s, FinishReason::stop);
}

// Places and memory are free before anybody is told.
void Scheduler::finish_ended() {
  for (auto& sequence : running_) {
    if (!sequence->ended) continue;
    cache_->release(sequence->state);
    if (sequence->request.drafts && !sequence->path && sequence->generated() > 0) drafts_.remember(*sequence);
    ended_.push_back(std::move(sequence));
  }
  std::erase(running_, nullptr);
  if (ended_.empty()) return;
  {
    std::lock_guard lock(mutex_);
    for (auto& s : ended_) {
      s->usage.prompt_tokens = s->prompt_size;
      s->usage.completion_tokens = s->generated();
      s->usage.total_ms = milliseconds(Clock::now() - s->submitted);
      stats_.requests_finished += s->reason == FinishReason::stop || s->reason == FinishReason::length;
      stats_.requests_cancelled += s->reason == FinishReason::cancelled;
      stats_.requests_failed += s->reason == FinishReason::error;
      stats_.prompt_tokens += static_cast<uint64_t>(s->usage.prompt_tokens);
      stats_.cached_tokens += static_cast<uint64_t>(s->usage.cached_tokens);
      stats_.completion_tokens += static_cast<uint64_t>(s->usage.completion_tokens);
      stats_.drafted_tokens += static_cast<uint64_t>(s->usage.drafted_tokens);
      stats_.accepted_tokens += static_cast<uint64_t>(s->usage.accepted_tokens);
      stats_.forced_tokens += static_cast<uint64_t>(s->usage.forced_tokens);
      for (const LoopIncident& loop : s->usage.loops) {
        using Action = LoopIncident::Action;
        stats_.loops_rewound += loop.action == Action::rewound;
        stats_.loops_closed += loop.action == Action::closed || loop.action == Action::ended;
        stats_.loops_cut += loop.action == Action::cut;
      }
    }
    stats_.running = static_cast<int>(running_.size());
    stats_.queued = static_cast<int>(waiting_.size());
    stats_.kv_bytes_used = cache_->held_bytes();
    stats_.kv_bytes_cached = cache_->idle_bytes();
  }
  auto ended = std::move(ended_);
  ended_.clear();
  for (auto& s : ended) {
    if (s->request.on_finish) s->request.on_finish(s->reason, s->usage, s->error ? &*s->error : nullptr);
  }
}

}  // namespace understudy
