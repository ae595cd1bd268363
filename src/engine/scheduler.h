// Scheduler: continuous batching. Each step runs one row of every sequence that generates and up to
// prefill_chunk rows of those that still read their prompts, in one batch. Admission is first come, first
// served: a request starts when a place and the memory of its worst case are free.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arch/network.h"
#include "engine/drafts.h"
#include "engine/engine.h"
#include "engine/pace.h"
#include "engine/prefill_plan.h"
#include "engine/request.h"
#include "engine/state_cache.h"
#include "grammar/state_mask.h"

namespace understudy {

struct Loop;

class Scheduler {
 public:
  struct Options {
    int threads, max_running, max_queued, prefill_chunk, context;
  };

  Scheduler(EngineModel model, std::unique_ptr<StateCache> cache, const Options& options);
  ~Scheduler();

  // Thread-safe. `request` was checked, and its max_tokens is >= 0. Errors: exhausted (queue full).
  Status enqueue(RequestId id, EngineRequest request);
  void cancel(RequestId id);
  EngineStats stats() const;
  int threads() const { return pool_.size(); }

  // Steps until stop(), then cancels what is left. Runs on the engine's thread; sleeps while there is nothing
  // to do.
  void run();
  void stop();  // thread-safe

 private:
  // What is to be done with one row's logits.
  struct Job {
    Sequence* sequence;
    int position;                        // of the row
    bool sample;                         // else: only score the prompt's next token
    bool drafted = false;                // the row's token is a guess: sampled only if that comes
    const TokenMask* allowed = nullptr;  // sampled among these; nullptr: all
    TokenMask others = TokenMask();      // `allowed` without what a rewind has ruled out
  };
  using Clock = std::chrono::steady_clock;

  std::string cache_key(const EngineRequest& request) const;
  bool wait_for_work();
  void apply_cancellations();
  void admit();
  void step();
  void reuse_prefixes();
  void plan_step();
  void plan_drafts();
  int draft_room(const Sequence& sequence) const;
  void cut_drafts(Sequence& sequence);
  bool ends_answer(const Sequence& sequence, TokenId id) const;
  void begin_step();
  void abandon_if_cancelled(size_t cancelled);  // with mutex_ held
  void add_rows(Sequence& sequence, int rows, RowKind kind);
  void restrict_logits();
  void allow(Job& job) const;
  std::optional<std::vector<TokenRange>> wanted_tokens() const;
  void run_jobs(std::span<const float> logits);
  void run_job(const Job& job, std::span<const float> row) const;
  bool was_abandoned();
  void commit_step();
  void retract_step();
  void charge_step(double cpu_seconds);
  void deliver(std::span<const float> logits);
  void deliver_token(Sequence& sequence);
  void deliver_drafts(Sequence& sequence, std::span<const float> logits);
  void append(Sequence& sequence, const TokenEvent& event);
  void go_on_without_choice(Sequence& sequence);
  void end_locked(Sequence& sequence);
  void break_loop(Sequence& sequence, const Loop& loop);
  void rewind(Sequence& sequence, const Loop& loop);
  void deliver_choice(Sequence& sequence, TokenId token);
  void end_decided(Sequence& sequence);
  void finish_ended();
  void end(Sequence& sequence, FinishReason reason);

  const EngineModel model_;
  const std::unique_ptr<StateCache> cache_;
  const Options options_;
  ThreadPool pool_;
  std::unique_ptr<Workspace, WorkspaceDeleter> workspace_;

  // Of the engine's thread.
  Pace pace_;
  Drafts drafts_;
  std::vector<std::unique_ptr<Sequence>> running_;  // oldest first
  std::vector<std::unique_ptr<Sequence>> ended_;    // to be told
  Batch batch_;
  std::vector<Job> jobs_;  // one for each of batch_.outputs

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<RequestId> cancellations_;
  std::vector<RequestId> stepping_;  // requests of the current step that nobody cancelled
  bool step_can_be_redone_ = false;  // for those that are left of it
  std::atomic<bool> step_abandoned_ = false;
  EngineStats stats_;
  bool stop_ = false;
};

}  // namespace understudy
