// A ModelProvider for tests: one token per byte, an answer that the prompt chooses, no model.
//
// The answer is "Hello, world!" (or what say() tells) and the end token; a prompt that holds "forever" is answered with
// "a" until cancelled, or until max_tokens; one that holds "failing" fails after a token; with "looping" the answer is
// rewound once, from its 4th token to its 2nd. Log-probabilities are -(id % 10). Of a prediction as much is accepted as the
// answer begins with.
//
// Under a grammar the answer is as much of that text as may come and then a short way to the end; where more than one
// byte may come, the share of the one that does is a half.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "gateway/answer_locks.h"
#include "gateway/provider.h"
#include "gateway/worker.h"
#include "grammar/matcher.h"

namespace understudy {

// Ids 0 to 255 are bytes, 256 is the control token "<|end|>".
class ByteTokenizer final : public Tokenizer {
 public:
  static constexpr TokenId kEnd = 256;

  std::vector<TokenId> encode(const PromptText& prompt, bool add_bos) const override {
    std::vector<TokenId> ids;
    for (unsigned char byte : prompt.text) ids.push_back(byte);
    return ids;
  }
  std::string bytes(TokenId id, bool special) const override {
    if (id == kEnd) return special ? "<|end|>" : "";
    return std::string(1, static_cast<char>(id));
  }
  TokenId size() const override { return 257; }
  bool is_control(TokenId id) const override { return id == kEnd; }
  std::optional<TokenId> find(std::string_view token) const override {
    return token == "<|end|>" ? std::optional<TokenId>(kEnd) : std::nullopt;
  }
  std::optional<TokenId> bos() const override { return std::nullopt; }
  std::optional<TokenId> eos() const override { return kEnd; }
};

class ScriptedProvider final : public ModelProvider {
 public:
  ScriptedProvider() {
    served_ = {{"test-model", {"test"}, "0123456789abcdef", 1700000000},
               4096,
               std::make_shared<ByteTokenizer>(),
               nullptr,
               nullptr,
               nullptr};
    served_.tool_calls = &tool_call_format_of("");
    served_.locks = std::make_shared<AnswerLocks>(served_.tokenizer, *served_.tool_calls);
    served_.chat_template = ChatTemplate::parse(plain_chat_template()).value();
  }
  ~ScriptedProvider() override { stop_ = true; }

  const ServedModel& model() const override { return served_; }
  // Before the first request.
  void set_context(int tokens) { served_.context = tokens; }
  void say(std::string text) { text_ = std::move(text); }
  void call_as(const ToolCallFormat& format) {
    served_.tool_calls = &format;
    served_.locks = std::make_shared<AnswerLocks>(served_.tokenizer, format);
  }

  Result<RequestId> submit(EngineRequest request) override {
    std::lock_guard lock(mutex_);
    if (static_cast<int>(running_.size()) >= capacity) {
      return Error{ErrorCode::exhausted, "The queue is full", "", ""};
    }
    int wanted = static_cast<int>(request.prompt.size()) + std::max(request.max_tokens, 0);
    if (wanted > served_.context) {
      return Error{
          ErrorCode::context_overflow,
          std::to_string(wanted) + " tokens do not fit the context of " + std::to_string(served_.context), "",
          ""};
    }
    RequestId id = ++last_id_;
    auto generation = std::make_shared<Generation>();
    generation->request = std::move(request);
    running_[id] = generation;
    submitted_.push_back(generation->request);
    submitted_.back().on_prompt = nullptr;  // the copy must not keep the request's exchange alive
    submitted_.back().on_token = nullptr;
    submitted_.back().on_rewind = nullptr;
    submitted_.back().on_finish = nullptr;
    events_.post([this, id, generation] { begin(id, *generation); });
    return id;
  }

  void cancel(RequestId id) override {
    std::lock_guard lock(mutex_);
    auto found = running_.find(id);
    if (found == running_.end()) return;
    found->second->cancelled = true;
    ++cancelled;
  }

  EngineStats stats() const override {
    std::lock_guard lock(mutex_);
    EngineStats stats;
    stats.running = static_cast<int>(running_.size());
    stats.kv_bytes_total = 1 << 20;
    return stats;
  }

  std::vector<EngineRequest> submitted() const {
    std::lock_guard lock(mutex_);
    return submitted_;
  }

  std::atomic<int> capacity{64}, cancelled{0};
  static constexpr double kCpuSeconds = 0.5;  // that each generation says it took

 private:
  struct Generation {
    EngineRequest request;
    std::string answer;
    std::vector<float> shares;  // of the answer's tokens; with a grammar
    bool forever = false, failing = false, looping = false;
    int produced = 0;
    Usage usage;
    std::atomic<bool> cancelled{false};
  };

  TokenEvent event(TokenId id, int top) const {
    TokenEvent token{id, std::nullopt, {}};
    if (top < 0) return token;
    token.logprob = -static_cast<float>(id % 10);
    for (int i = 0; i < top; ++i) token.top.push_back({'A' + i, -static_cast<float>(i)});
    return token;
  }

  void begin(RequestId id, Generation& generation) {
    std::string prompt;
    for (TokenId token : generation.request.prompt) prompt += static_cast<char>(token);
    generation.forever = prompt.find("forever") != std::string::npos;
    generation.failing = prompt.find("failing") != std::string::npos;
    generation.looping = prompt.find("looping") != std::string::npos;
    generation.answer = generation.forever ? "a" : text_;
    if (generation.request.grammar) lock(generation);
    if (generation.request.prompt_logprobs) {
      std::vector<TokenEvent> events;
      for (TokenId token : generation.request.prompt) {
        events.push_back(event(token, events.empty() ? -1 : generation.request.logprobs));
      }
      generation.request.on_prompt(events);
    }
    step(id, generation);
  }

  static void lock(Generation& generation) {
    Matcher matcher(generation.request.grammar->grammar, generation.request.grammar->masks);
    const std::string wanted = std::exchange(generation.answer, "");
    const auto take = [&](char byte) {
      const size_t others = matcher.mask().count() + (matcher.can_end() ? 1 : 0);
      if (!matcher.accept({&byte, 1})) return false;
      generation.answer += byte;
      generation.shares.push_back(others > 1 ? 0.5f : 1.0f);
      return true;
    };
    for (const char byte : wanted) {
      if (!take(byte)) break;
    }
    for (const char byte : matcher.closing()) take(byte);
  }

  void loop(Generation& generation) {
    generation.looping = false;
    generation.produced = 2;
    generation.usage.loops.push_back({LoopIncident::Action::rewound, 1, 2, 4, "l"});
    generation.request.on_rewind(2);
  }

  void step(RequestId id, Generation& generation) {
    if (stop_ || generation.cancelled) return finish(id, FinishReason::cancelled);
    if (generation.failing && generation.produced == 1) return finish(id, FinishReason::error);
    if (generation.produced == generation.request.max_tokens) return finish(id, FinishReason::length);
    bool ended = !generation.forever && generation.produced >= static_cast<int>(generation.answer.size());
    if (ended && !generation.request.ignore_end) return finish(id, FinishReason::stop);
    TokenId token =
        ended ? ByteTokenizer::kEnd
              : static_cast<unsigned char>(generation.answer[generation.forever ? 0 : generation.produced]);
    TokenEvent next = event(token, generation.request.logprobs);
    if (!generation.shares.empty() && !ended) next.share = generation.shares[generation.produced];
    ++generation.produced;
    generation.request.on_token(next);
    if (generation.looping && generation.produced == 4) loop(generation);
    if (generation.forever) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    events_.post([this, id, &generation] { step(id, generation); });
  }

  void finish(RequestId id, FinishReason reason) {
    std::shared_ptr<Generation> generation;
    {
      std::lock_guard lock(mutex_);
      generation = running_[id];
      running_.erase(id);
    }
    Usage& usage = generation->usage;
    usage.prompt_tokens = static_cast<int>(generation->request.prompt.size());
    usage.completion_tokens = generation->produced;
    usage.cpu_seconds = kCpuSeconds;
    const std::vector<TokenId>& prediction = generation->request.prediction;
    while (usage.accepted_predictions < static_cast<int>(std::min(prediction.size(), text_.size())) &&
           prediction[static_cast<size_t>(usage.accepted_predictions)] ==
               static_cast<uint8_t>(text_[static_cast<size_t>(usage.accepted_predictions)])) {
      usage.accepted_predictions++;
    }
    usage.rejected_predictions = static_cast<int>(prediction.size()) - usage.accepted_predictions;
    generation->request.on_finish(reason, usage, nullptr);
  }

  ServedModel served_;
  std::string text_ = "Hello, world!";
  mutable std::mutex mutex_;
  std::map<RequestId, std::shared_ptr<Generation>> running_;
  std::vector<EngineRequest> submitted_;
  RequestId last_id_ = 0;
  std::atomic<bool> stop_{false};
  Worker events_;
};

}  // namespace understudy
