#include "gateway/routes/openai_answer.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ctime>

#include "gateway/random_id.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/thoughts_sink.h"
#include "gateway/routes/tool_sink.h"
#include "text/utf8.h"

namespace understudy {
namespace {

namespace json = boost::json;

// OpenAI's figure for "practically impossible"; JSON has no infinity.
constexpr float kLowestLogprob = -9999.0f;

json::value logprob_value(float logprob) { return std::max(logprob, kLowestLogprob); }

// A token's text; one that is not UTF-8 on its own is spelled "bytes:\xe2\x80", as OpenAI's.
std::string shown_token(const std::string& bytes) {
  if (is_valid_utf8(bytes)) return bytes;
  std::string text = "bytes:";
  for (unsigned char byte : bytes) text += fmt::format("\\x{:02x}", byte);
  return text;
}

// What a kind of answer looks like. Stateless but for the ids in its envelope.
class AnswerFormat {
 public:
  AnswerFormat(AnswerKind kind, const ServedModel& model, int logprobs, std::string abstention)
      : kind_(kind),
        tokenizer_(model.tokenizer),
        abstention_(std::move(abstention)),
        model_(model.name),
        logprobs_(logprobs),
        fingerprint_("fp_" + model.digest.substr(0, 12)),
        id_(random_id(kind == AnswerKind::chat ? "chatcmpl-" : "cmpl-")),
        created_(std::time(nullptr)) {}

  json::object envelope(bool chunk, json::array choices) const {
    std::string_view object = kind_ == AnswerKind::text ? "text_completion"
                              : chunk                   ? "chat.completion.chunk"
                                                        : "chat.completion";
    return {{"id", id_},
            {"object", object},
            {"created", created_},
            {"model", model_},
            {"system_fingerprint", fingerprint_},
            {"choices", std::move(choices)}};
  }

  // The first chunk of a chat choice says who speaks; text has none.
  bool has_opening() const { return kind_ == AnswerKind::chat; }
  json::object opening(int choice) const {
    return chunk_choice(choice, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
  }

  // A part of the text, or of a refusal.
  json::object delta(const Piece& piece, bool refuses) const {
    if (kind_ == AnswerKind::text) {
      return text_choice(piece.choice, piece.text, scores(piece.tokens), nullptr);
    }
    const bool thinks = !piece.reasoning.empty();
    const std::string_view member = thinks ? "reasoning_content" : refuses ? "refusal" : "content";
    return chunk_choice(piece.choice, {{member, thinks ? piece.reasoning : piece.text}}, scores(piece.tokens),
                        nullptr);
  }

  // One for each part of a call: clients look at the first call of a chunk only.
  std::vector<json::object> call_deltas(const Piece& piece) const {
    std::vector<json::object> deltas;
    json::value logprobs = scores(piece.tokens);
    for (const ToolCallEvent& event : piece.calls) {
      json::array calls;
      if (json::object call = call_delta(event); !call.empty()) calls.push_back(std::move(call));
      if (calls.empty()) continue;
      deltas.push_back(chunk_choice(piece.choice, {{"tool_calls", std::move(calls)}},
                                    std::exchange(logprobs, nullptr), nullptr));
    }
    if (!logprobs.is_null()) {
      deltas.push_back(chunk_choice(piece.choice, json::object(), std::move(logprobs), nullptr));
    }
    return deltas;
  }

  // Whether an answer that begins with `text` refuses. Neither JSON nor a call begins as an abstention does.
  bool refuses(std::string_view text) const {
    return !abstention_.empty() && text.starts_with(abstention_.front());
  }

  json::object delta_end(int choice, const ChoiceEnd& end) const {
    json::object out = kind_ == AnswerKind::chat
                           ? chunk_choice(choice, json::object(), nullptr, json::value(end.reason))
                           : text_choice(choice, "", nullptr, json::value(end.reason));
    add_extensions(out, end);
    return out;
  }

  json::object whole(const Piece& all, const ChoiceEnd& end) const {
    json::object out;
    if (kind_ == AnswerKind::text) {
      out = text_choice(all.choice, all.text, scores(all.tokens), json::value(end.reason));
    } else {
      out = {{"index", all.choice},
             {"message", message(all)},
             {"logprobs", scores(all.tokens)},
             {"finish_reason", end.reason}};
    }
    add_extensions(out, end);
    return out;
  }

  static json::object usage(const Usage& usage) {
    json::object out{{"prompt_tokens", usage.prompt_tokens},
                     {"completion_tokens", usage.completion_tokens},
                     {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
                     {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
    json::object details;
    if (usage.reasoning_tokens > 0) details["reasoning_tokens"] = usage.reasoning_tokens;
    if (usage.accepted_predictions + usage.rejected_predictions > 0) {
      details["accepted_prediction_tokens"] = usage.accepted_predictions;
      details["rejected_prediction_tokens"] = usage.rejected_predictions;
    }
    if (!details.empty()) out["completion_tokens_details"] = std::move(details);
    return out;
  }

 private:
  json::object message(const Piece& all) const {
    json::object message{{"role", "assistant"}, {"content", all.text}, {"refusal", nullptr}};
    if (refuses(all.text)) {
      message["content"] = nullptr;
      message["refusal"] = all.text;
    }
    if (!all.reasoning.empty()) message["reasoning_content"] = all.reasoning;
    ToolAnswer answer;
    answer.add(all.calls);
    json::array calls;
    for (const ToolCall& call : answer.calls) {
      calls.push_back({{"id", random_id("call_")},
                       {"type", "function"},
                       {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
    }
    // A call that was cut is shown as what it is: text.
    if (answer.incomplete) message["content"] = all.text + answer.content;
    if (calls.empty()) return message;
    message["tool_calls"] = std::move(calls);
    if (message["content"] == "") message["content"] = nullptr;
    return message;
  }

  // {} for what streams do not show.
  static json::object call_delta(const ToolCallEvent& event) {
    using Kind = ToolCallEvent::Kind;
    if (event.kind == Kind::begin) {
      return {{"index", event.index},
              {"id", random_id("call_")},
              {"type", "function"},
              {"function", {{"name", event.text}, {"arguments", ""}}}};
    }
    if (event.kind != Kind::arguments) return {};
    return {{"index", event.index}, {"function", {{"arguments", event.text}}}};
  }

  // Ours: members that OpenAI's clients pass over.
  static void add_extensions(json::object& choice, const ChoiceEnd& end) {
    if (end.confidence) choice["confidence"] = *end.confidence;
    if (end.loops.empty()) return;
    constexpr std::string_view kActions[] = {"rewound", "closed", "ended", "cut"};
    json::array loops;
    for (const LoopIncident& loop : end.loops) {
      loops.push_back({{"action", kActions[static_cast<size_t>(loop.action)]},
                       {"begin", loop.begin},
                       {"length", loop.length},
                       {"period", loop.period},
                       {"text", to_valid_utf8(loop.text.substr(0, 400))}});
    }
    choice["loops"] = std::move(loops);
  }

  static json::object chunk_choice(int choice, json::object delta, json::value logprobs, json::value reason) {
    return {{"index", choice},
            {"delta", std::move(delta)},
            {"logprobs", std::move(logprobs)},
            {"finish_reason", std::move(reason)}};
  }

  static json::object text_choice(int choice, const std::string& text, json::value logprobs,
                                  json::value reason) {
    return {{"index", choice},
            {"text", text},
            {"logprobs", std::move(logprobs)},
            {"finish_reason", std::move(reason)}};
  }

  json::value scores(const std::vector<ScoredToken>& tokens) const {
    if (logprobs_ < 0) return nullptr;
    return kind_ == AnswerKind::chat ? chat_scores(tokens) : text_scores(tokens);
  }

  std::string token_bytes(TokenId id) const { return tokenizer_->bytes(id, true); }

  json::object chat_token(TokenId id, float logprob) const {
    std::string bytes = token_bytes(id);
    json::array values;
    for (unsigned char byte : bytes) values.emplace_back(byte);
    return {{"token", shown_token(bytes)}, {"logprob", logprob_value(logprob)}, {"bytes", std::move(values)}};
  }

  json::value chat_scores(const std::vector<ScoredToken>& tokens) const {
    json::array content;
    for (const ScoredToken& token : tokens) {
      json::array top;
      for (const TokenLogprob& other : token.event.top) top.push_back(chat_token(other.id, other.logprob));
      json::object entry = chat_token(token.event.id, token.event.logprob.value_or(kLowestLogprob));
      entry["top_logprobs"] = std::move(top);
      content.push_back(std::move(entry));
    }
    return json::object{{"content", std::move(content)}, {"refusal", nullptr}};
  }

  json::value text_scores(const std::vector<ScoredToken>& tokens) const {
    json::array texts, logprobs, tops, offsets;
    for (const ScoredToken& token : tokens) {
      texts.emplace_back(shown_token(token_bytes(token.event.id)));
      offsets.emplace_back(token.text_offset);
      // The first token of a prompt has nothing before it that could predict it.
      logprobs.push_back(token.event.logprob ? logprob_value(*token.event.logprob) : json::value(nullptr));
      tops.push_back(token.event.logprob ? text_top(token.event) : json::value(nullptr));
    }
    return json::object{{"tokens", std::move(texts)},
                        {"token_logprobs", std::move(logprobs)},
                        {"top_logprobs", std::move(tops)},
                        {"text_offset", std::move(offsets)}};
  }

  // The most likely tokens and the chosen one. Of several with the same text the likeliest is kept: emplace()
  // leaves what is there, and `top` descends.
  json::value text_top(const TokenEvent& event) const {
    json::object top;
    for (const TokenLogprob& other : event.top) {
      top.emplace(shown_token(token_bytes(other.id)), logprob_value(other.logprob));
    }
    top.emplace(shown_token(token_bytes(event.id)), logprob_value(*event.logprob));
    return top;
  }

  AnswerKind kind_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string abstention_;  // what an answer says that is a refusal; "": none is
  std::string model_;
  int logprobs_;
  std::string fingerprint_, id_;
  std::time_t created_;
};

AnswerUsage noted(const Usage& total) {
  return {total.prompt_tokens, total.completion_tokens, total.queue_ms, total.cpu_seconds};
}

class WholeAnswer final : public CompletionSink {
 public:
  WholeAnswer(AnswerFormat format, size_t choices, std::shared_ptr<Exchange> exchange)
      : format_(std::move(format)), exchange_(std::move(exchange)), choices_(choices), ends_(choices) {}

  void begin() override {}
  void piece(Piece piece) override {
    Piece& all = choices_[piece.choice];
    all.choice = piece.choice;
    all.text += piece.text;
    all.reasoning += piece.reasoning;
    std::move(piece.tokens.begin(), piece.tokens.end(), std::back_inserter(all.tokens));
    std::move(piece.calls.begin(), piece.calls.end(), std::back_inserter(all.calls));
  }
  void restart(int choice) override { choices_[choice] = {}; }
  void choice_end(int choice, ChoiceEnd end) override {
    choices_[choice].choice = choice;
    ends_[choice] = std::move(end);
  }
  void end(const Usage& total) override {
    json::array choices;
    for (size_t i = 0; i < choices_.size(); ++i) choices.push_back(format_.whole(choices_[i], ends_[i]));
    json::object body = format_.envelope(false, std::move(choices));
    body["usage"] = AnswerFormat::usage(total);
    exchange_->note_usage(noted(total));
    HttpResponse response = json_response(body);
    size_t loops = 0;
    for (const ChoiceEnd& end : ends_) loops += end.loops.size();
    if (loops > 0) response.headers.push_back({"x-understudy-loops", std::to_string(loops)});
    exchange_->respond(std::move(response));
  }
  void fail(const Error& error) override { exchange_->respond(error_response(error)); }

 private:
  AnswerFormat format_;
  std::shared_ptr<Exchange> exchange_;
  std::vector<Piece> choices_;
  std::vector<ChoiceEnd> ends_;
};

class StreamedAnswer final : public CompletionSink {
 public:
  StreamedAnswer(AnswerFormat format, size_t choices, bool include_usage, std::shared_ptr<Exchange> exchange)
      : format_(std::move(format)),
        exchange_(std::move(exchange)),
        refuses_(choices),
        include_usage_(include_usage) {}

  void begin() override {
    begun_ = true;
    exchange_->begin_stream({200, "text/event-stream", {{"Cache-Control", "no-cache"}}, ""});
    for (size_t choice = 0; format_.has_opening() && choice < refuses_.size(); ++choice) {
      send_choice(format_.opening(static_cast<int>(choice)));
    }
  }
  void piece(Piece piece) override {
    if (!piece.calls.empty()) {
      for (json::object& delta : format_.call_deltas(piece)) send_choice(std::move(delta));
      return;
    }
    std::optional<bool>& refuses = refuses_[static_cast<size_t>(piece.choice)];
    if (!refuses && !piece.text.empty()) refuses = format_.refuses(piece.text);
    send_choice(format_.delta(piece, refuses.value_or(false)));
  }
  void restart(int) override {}
  void choice_end(int choice, ChoiceEnd end) override { send_choice(format_.delta_end(choice, end)); }
  void end(const Usage& total) override {
    if (include_usage_) {
      json::object chunk = format_.envelope(true, {});
      chunk["usage"] = AnswerFormat::usage(total);
      send_event(json::serialize(chunk));
    }
    send_event("[DONE]");
    exchange_->note_usage(noted(total));
    exchange_->end_stream();
  }
  void fail(const Error& error) override {
    if (!begun_) return exchange_->respond(error_response(error));
    send_event(json::serialize(error_body(error)));
    exchange_->end_stream();
  }

 private:
  void send_choice(json::object choice) {
    json::object chunk = format_.envelope(true, {std::move(choice)});
    if (include_usage_) chunk["usage"] = nullptr;
    send_event(json::serialize(chunk));
  }
  void send_event(const std::string& data) { exchange_->write("data: " + data + "\n\n"); }

  AnswerFormat format_;
  std::shared_ptr<Exchange> exchange_;
  std::vector<std::optional<bool>> refuses_;  // of each choice, once it has begun
  bool include_usage_, begun_ = false;
};

}  // namespace

std::shared_ptr<CompletionSink> make_answer(AnswerKind kind, const ServedModel& model,
                                            const CompletionJob& job, std::shared_ptr<Exchange> exchange) {
  AnswerFormat format(kind, model, job.params.logprobs, job.abstention);
  size_t choices = job.prompts.size() * job.params.choices;
  std::shared_ptr<CompletionSink> sink;
  if (job.params.stream) {
    sink = std::make_shared<StreamedAnswer>(std::move(format), choices, job.params.include_usage,
                                            std::move(exchange));
  } else {
    sink = std::make_shared<WholeAnswer>(std::move(format), choices, std::move(exchange));
  }
  if (!job.tools.empty()) sink = make_tool_sink(model, job, std::move(sink));
  return job.thoughts ? make_thoughts_sink(job, std::move(sink)) : sink;
}

}  // namespace understudy
