// Engine: runs one model for many requests at once (continuous batching, chunked prefill, shared prefixes).
// Steps on its own threads. All public functions are thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arch/network.h"
#include "base/result.h"
#include "engine/model.h"
#include "engine/request.h"

namespace understudy {

struct EngineOptions {
  int threads = 0;          // 0: from CPU affinity and the cgroup's quota
  int context = 0;          // tokens a request may hold; 0: the model's own, as far as kv_bytes allows
  int max_running = 16;     // sequences in a step
  int max_queued = 128;     // waiting requests beyond free places; more: Error{exhausted}
  int prefill_chunk = 256;  // most prompt tokens a step; fewer when a step would take long (pace.h)
  size_t kv_bytes = 0;      // state memory, prefix tree included; 0: a quarter of what this process may use
                            // (machine or cgroup), at most what max_running sequences of full context need
};

// What the engine needs of a model.
struct EngineModel {
  std::shared_ptr<const Network> network;
  std::vector<TokenId> end_tokens;
  int trained_context = 0;  // 0: unknown
  std::string digest;
};

// Counters since the start and gauges of now, for /metrics.
struct EngineStats {
  uint64_t requests_finished = 0, requests_cancelled = 0, requests_failed = 0;
  uint64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
  // Of answers under a loop guard; closed: or ended.
  uint64_t loops_rewound = 0, loops_closed = 0, loops_cut = 0;
  uint64_t forced_tokens = 0;                        // of answers under a grammar
  uint64_t drafted_tokens = 0, accepted_tokens = 0;  // guesses that were fed; of them those that came
  uint64_t steps = 0;
  int running = 0, queued = 0;
  size_t kv_bytes_used = 0;    // by running sequences
  size_t kv_bytes_cached = 0;  // by prefixes that no running sequence uses
  size_t kv_bytes_total = 0;
};

class Engine {
 public:
  // Errors: invalid_argument (an option out of its range, a context beyond the model's), exhausted (kv_bytes
  // too small for one sequence of `context`).
  static Result<std::unique_ptr<Engine>> create(std::shared_ptr<const Model> model, EngineOptions options);
  // The same for a bare network: model() must not be called.
  static Result<std::unique_ptr<Engine>> create(EngineModel model, EngineOptions options);
  // Cancels everything (on_finish with `cancelled`), then stops the threads.
  ~Engine();

  // Errors: invalid_argument (ids, parameters, choices, an adapter of another network), context_overflow
  // (prompt + max_tokens or the longest choice > context; `what` carries both figures), exhausted (queue
  // full). After success the callbacks of `request` will be called, on_finish exactly once.
  Result<RequestId> submit(EngineRequest request);
  // The request's place is free after the running step. Unknown or finished ids are ignored.
  void cancel(RequestId id);

  const Model& model() const { return *model_; }
  int context() const;  // tokens a request may hold
  int threads() const;
  EngineStats stats() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
