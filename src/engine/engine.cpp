#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <climits>
#include <thread>

#include "arch/adapters.h"
#include "base/checked.h"
#include "engine/answer_grammar.h"
#include "engine/choice_path.h"
#include "engine/limits.h"
#include "engine/memory_limit.h"
#include "engine/sampler.h"
#include "engine/scheduler.h"
#include "engine/state_cache.h"

namespace understudy {

namespace {

constexpr size_t kMemoryShare = 4;  // of the usable memory, by default: the weights and others need room too

Status check_range(const char* name, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error{ErrorCode::invalid_argument,
               std::string(name) + " is " + std::to_string(value) + ", expected " + std::to_string(low) +
                   " to " + std::to_string(high),
               name, ""};
}

struct Capacity {
  int context;
  size_t kv_bytes;
};

// Context and state memory from the options; 0 takes the default of each.
Result<Capacity> plan_capacity(const EngineModel& model, const EngineOptions& options) {
  const Network& network = *model.network;
  auto bytes_for = [&](int rows) {
    return StateCache::sequence_bytes(network.page_groups(), network.snapshot_bytes(), options.prefill_chunk,
                                      rows);
  };
  int most = model.trained_context > 0 ? std::min(model.trained_context, kMaxContext) : kMaxContext;
  if (options.context > most) {
    return Error{ErrorCode::invalid_argument,
                 "context is " + std::to_string(options.context) + " tokens, but the model was trained for " +
                     std::to_string(most),
                 "context", ""};
  }
  int wanted = options.context > 0 ? options.context : most;
  size_t kv_bytes = options.kv_bytes;
  if (kv_bytes == 0) {
    size_t all = checked_mul(bytes_for(wanted), static_cast<size_t>(options.max_running)).value_or(SIZE_MAX);
    kv_bytes = std::min(usable_memory() / kMemoryShare, all);
  }
  int low = 0, high = wanted;  // the largest context whose worst case fits
  while (low < high) {
    int middle = high - (high - low) / 2;
    if (bytes_for(middle) <= kv_bytes) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  int least = options.context > 0 ? options.context : kPageTokens;
  if (low < std::min(least, wanted)) {
    return Error{ErrorCode::exhausted,
                 "state memory of " + std::to_string(kv_bytes) + " bytes cannot hold a sequence of " +
                     std::to_string(least) + " tokens, which needs " + std::to_string(bytes_for(least)),
                 "kv_bytes", "Give the engine more state memory or a shorter context"};
  }
  return Capacity{low, kv_bytes};
}

Status check_options(const EngineOptions& options) {
  RETURN_IF_ERROR(check_range("threads", options.threads, 0, kMaxThreads));
  RETURN_IF_ERROR(check_range("context", options.context, 0, kMaxContext));
  RETURN_IF_ERROR(check_range("max_running", options.max_running, 1, kMaxRunning));
  RETURN_IF_ERROR(check_range("max_queued", options.max_queued, 0, kMaxQueued));
  return check_range("prefill_chunk", options.prefill_chunk, kMinPrefillChunk, kMaxPrefillChunk);
}

Status check_ids(const char* name, const std::vector<TokenId>& ids, int vocabulary) {
  for (TokenId id : ids) RETURN_IF_ERROR(check_range(name, id, 0, vocabulary - 1));
  return {};
}

Status check_loaded_adapter(const LoadedAdapter& loaded, const Network& network) {
  RETURN_IF_ERROR(check_adapter(loaded.adapter, network));
  if (!loaded.digest.empty()) return {};
  return Error{ErrorCode::invalid_argument, "the adapter has no digest to tell its prefixes from others",
               "adapter", ""};
}

Status check_grammar(const EngineRequest& request, int vocabulary) {
  if (request.choices) {
    return Error{ErrorCode::invalid_argument, "an answer has a grammar or closed choices, not both",
                 "grammar", ""};
  }
  if (request.grammar->masks->tokens() <= static_cast<size_t>(vocabulary)) return {};
  return Error{ErrorCode::invalid_argument, "the grammar's tokenizer has more tokens than the model",
               "grammar", ""};
}

int longest(const Choices& choices) {
  size_t tokens = 0;
  for (const auto& choice : choices.tokens) tokens = std::max(tokens, choice.size());
  return static_cast<int>(tokens);
}

}  // namespace

struct Engine::Impl {
  Impl(EngineModel model, std::unique_ptr<StateCache> cache, const Scheduler::Options& options)
      : network(model.network),
        context(options.context),
        scheduler(std::move(model), std::move(cache), options),
        thread([this] { scheduler.run(); }) {}
  ~Impl() {
    scheduler.stop();
    thread.join();
  }

  const std::shared_ptr<const Network> network;
  const int context;
  std::atomic<RequestId> last_id{0};
  Scheduler scheduler;
  std::thread thread;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(EngineModel model, EngineOptions options) {
  RETURN_IF_ERROR(check_options(options));
  ASSIGN_OR_RETURN(Capacity capacity, plan_capacity(model, options));
  ASSIGN_OR_RETURN(auto cache,
                   StateCache::create(model.network->page_groups(), model.network->snapshot_bytes(),
                                      options.prefill_chunk, capacity.kv_bytes));
  Scheduler::Options limits{options.threads, options.max_running, options.max_queued, options.prefill_chunk,
                            capacity.context};
  return std::unique_ptr<Engine>(
      new Engine(std::make_unique<Impl>(std::move(model), std::move(cache), limits)));
}

Result<RequestId> Engine::submit(EngineRequest request) {
  if (request.prompt.empty()) {
    return Error{ErrorCode::invalid_argument, "the prompt is empty, expected at least one token", "prompt",
                 ""};
  }
  int vocabulary = impl_->network->vocabulary();
  RETURN_IF_ERROR(check_ids("prompt", request.prompt, vocabulary));
  RETURN_IF_ERROR(
      check_range("stop_tokens", static_cast<int>(request.stop_tokens.size()), 0, kMaxStopTokens));
  RETURN_IF_ERROR(check_ids("stop_tokens", request.stop_tokens, vocabulary));
  RETURN_IF_ERROR(check_ids("prediction", request.prediction, vocabulary));
  RETURN_IF_ERROR(check_range("logprobs", request.logprobs, -1, kMaxLogprobs));
  if (request.adapter) RETURN_IF_ERROR(check_loaded_adapter(*request.adapter, *impl_->network));
  if (request.choices) {
    RETURN_IF_ERROR(check_choices(*request.choices, vocabulary));
    request.max_tokens = longest(*request.choices);
  }
  if (request.grammar) RETURN_IF_ERROR(check_grammar(request, vocabulary));
  if (request.reasoning) {
    RETURN_IF_ERROR(check_ids("reasoning.closing", request.reasoning->closing, vocabulary));
    RETURN_IF_ERROR(check_range("reasoning.tokens", request.reasoning->tokens, 0, INT_MAX));
  }
  RETURN_IF_ERROR(check_range("max_tokens", request.max_tokens, -1, INT_MAX));
  RETURN_IF_ERROR(check_sampling(request.sampling, vocabulary));

  // At least one token of answer must fit unless none is wanted.
  size_t answer = request.max_tokens < 0 ? 1 : static_cast<size_t>(request.max_tokens);
  size_t context = static_cast<size_t>(impl_->context);
  if (request.prompt.size() + answer > context) {
    return Error{ErrorCode::context_overflow,
                 "the prompt has " + std::to_string(request.prompt.size()) + " tokens and the answer up to " +
                     std::to_string(answer) + ", but the context holds " + std::to_string(context),
                 request.choices ? "choices" : "max_tokens", "Shorten the prompt or the answer"};
  }
  request.prediction.resize(std::min(request.prediction.size(), context));
  if (request.max_tokens < 0) request.max_tokens = static_cast<int>(context - request.prompt.size());
  RequestId id = ++impl_->last_id;
  RETURN_IF_ERROR(impl_->scheduler.enqueue(id, std::move(request)));
  return id;
}

void Engine::cancel(RequestId id) { impl_->scheduler.cancel(id); }
int Engine::context() const { return impl_->context; }
int Engine::threads() const { return impl_->scheduler.threads(); }
EngineStats Engine::stats() const { return impl_->scheduler.stats(); }

}  // namespace understudy
