#include "app/chat_session.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "text/stream_decoder.h"

namespace understudy {
namespace {

constexpr auto kInterruptPoll = std::chrono::milliseconds(20);

// A model that chats ends its answers; one that continues text often never does.
constexpr int kChatTokens = 2048, kBaseTokens = 256;

// What the engine's thread hands to ours. Shared with the engine's callbacks, which may outlive a failed
// ask().
struct Mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<TokenId> tokens;
  std::optional<Usage> usage;  // set at the end
  FinishReason reason = FinishReason::stop;
  std::optional<Error> error;
};

EngineRequest make_request(std::vector<TokenId> prompt, const ChatOptions& options,
                           const std::shared_ptr<const Tokenizer>& tokenizer,
                           const std::shared_ptr<Mailbox>& mailbox) {
  EngineRequest request;
  request.loop_guard =
      LoopGuard{.tokenizer = tokenizer, .rewinds = 0};  // what was shown cannot be taken back
  request.prompt = std::move(prompt);
  request.sampling = options.sampling;
  request.max_tokens = options.max_tokens;
  request.on_token = [mailbox](const TokenEvent& event) {
    std::lock_guard lock(mailbox->mutex);
    mailbox->tokens.push_back(event.id);
    mailbox->changed.notify_one();
  };
  request.on_finish = [mailbox](FinishReason reason, const Usage& usage, const Error* error) {
    std::lock_guard lock(mailbox->mutex);
    if (error != nullptr) mailbox->error = *error;
    mailbox->reason = reason;
    mailbox->usage = usage;
    mailbox->changed.notify_one();
  };
  return request;
}

std::string token_text(const Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? tokenizer.bytes(*id, true) : "";
}

}  // namespace

ChatSession::ChatSession(std::shared_ptr<const Model> model, std::unique_ptr<Engine> engine,
                         ChatOptions options)
    : model_(std::move(model)), engine_(std::move(engine)), options_(std::move(options)) {
  if (options_.max_tokens == 0) options_.max_tokens = is_base_model() ? kBaseTokens : kChatTokens;
  forget();
}

Result<ChatSession> ChatSession::open(const ModelLocation& location, const ChatOptions& options) {
  ASSIGN_OR_RETURN(auto model, Model::load(location, {.threads = options.threads,
                                                      .packed = PackedWeights::Access::read_later}));
  if (model->tokenizer() == nullptr) {
    return Error{ErrorCode::unsupported, "the model has no tokenizer", location.path, ""};
  }
  EngineOptions engine_options;
  engine_options.threads = options.threads;
  engine_options.max_running = 1;
  ASSIGN_OR_RETURN(auto engine, Engine::create(model, engine_options));
  return ChatSession(std::move(model), std::move(engine), options);
}

void ChatSession::forget() {
  messages_.clear();
  if (!options_.system.empty()) messages_.push_back({{"role", "system"}, {"content", options_.system}});
}

void ChatSession::set_system(std::string system) {
  options_.system = std::move(system);
  const bool has_one = !messages_.empty() && messages_[0].at("role") == "system";
  if (has_one) messages_.erase(messages_.begin());
  if (options_.system.empty()) return;
  messages_.insert(messages_.begin(), boost::json::object{{"role", "system"}, {"content", options_.system}});
}

Result<std::vector<TokenId>> ChatSession::encode(const boost::json::array& messages) const {
  const Tokenizer& tokenizer = *model_->tokenizer();
  ChatTemplateInput input;
  input.messages = messages;
  input.bos_token = token_text(tokenizer, tokenizer.bos());
  input.eos_token = token_text(tokenizer, tokenizer.eos());
  input.now = std::time(nullptr);
  ASSIGN_OR_RETURN(PromptText prompt, model_->chat_template()->render(input));
  return tokenizer.encode(prompt, true);
}

Result<Answer> ChatSession::ask(const std::string& text, const std::function<void(std::string_view)>& on_text,
                                const std::function<bool()>& interrupted) {
  boost::json::array messages = messages_;
  messages.push_back({{"role", "user"}, {"content", text}});
  ASSIGN_OR_RETURN(auto prompt, encode(messages));
  ChatOptions options = options_;
  const int room = engine_->context() - static_cast<int>(prompt.size());
  options.max_tokens = std::clamp(room, 1, options.max_tokens);  // no room at all: the engine's error says so
  auto mailbox = std::make_shared<Mailbox>();
  ASSIGN_OR_RETURN(RequestId id,
                   engine_->submit(make_request(std::move(prompt), options, model_->tokenizer(), mailbox)));

  StreamDecoder decoder(model_->tokenizer(), {});
  std::string answer;
  auto emit = [&](const std::string& piece) {
    answer += piece;
    if (!piece.empty()) on_text(piece);
  };
  bool cancelled = false;
  std::unique_lock lock(mailbox->mutex);
  while (!mailbox->usage || !mailbox->tokens.empty()) {
    mailbox->changed.wait_for(lock, kInterruptPoll,
                              [&] { return mailbox->usage.has_value() || !mailbox->tokens.empty(); });
    std::deque<TokenId> tokens = std::move(mailbox->tokens);
    mailbox->tokens.clear();
    lock.unlock();
    for (TokenId token : tokens) emit(decoder.push(token));
    if (!cancelled && interrupted()) {
      engine_->cancel(id);
      cancelled = true;
    }
    lock.lock();
  }
  emit(decoder.finish());
  if (mailbox->error && !cancelled) return *mailbox->error;
  messages.push_back({{"role", "assistant"}, {"content", answer}});
  messages_ = std::move(messages);
  return Answer{answer, mailbox->reason, *mailbox->usage};
}

}  // namespace understudy
