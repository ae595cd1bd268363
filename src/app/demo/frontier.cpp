#include "app/demo/frontier.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/json.h"

namespace understudy {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr size_t kBytesPerToken = 4;  // usage is an estimate: the stand-in has no tokenizer
constexpr int64_t kMaxChoices = 16;

// Does what it is given later, in order of time, on a thread of its own.
class LaterQueue {
 public:
  LaterQueue() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void add(Clock::time_point due, std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      work_.emplace(due, std::move(work));
    }
    changed_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (work_.empty()) {
        changed_.wait(lock, stop, [&] { return !work_.empty(); });
        continue;
      }
      const Clock::time_point due = work_.begin()->first;
      if (Clock::now() < due) {
        changed_.wait_until(lock, stop, due, [&] { return work_.begin()->first < due; });
        continue;
      }
      const auto work = std::move(work_.extract(work_.begin()).mapped());
      lock.unlock();
      work();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::multimap<Clock::time_point, std::function<void()>> work_;
  std::jthread thread_;
};

HttpResponse reply(int status, const json::value& body) {
  return {status, "application/json", {{kStandInHeader, "understudy demo"}}, json::serialize(body)};
}

HttpResponse refusal(int status, std::string_view what) {
  return reply(
      status,
      json::object{
          {"error",
           {{"message", what}, {"type", "invalid_request_error"}, {"param", nullptr}, {"code", nullptr}}}});
}

// An answer under way: one choice or several of the same text.
struct Completion {
  std::string id, model, text;
  int64_t choices = 1;
  int64_t prompt_tokens = 0, completion_tokens = 0;
  bool stream = false, stream_usage = false;

  json::object usage() const {
    return {{"prompt_tokens", prompt_tokens},
            {"completion_tokens", completion_tokens},
            {"total_tokens", prompt_tokens + completion_tokens}};
  }
  json::object head(std::string_view object) const {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    return {{"id", id}, {"object", object}, {"created", now.count()}, {"model", model}};
  }
};

bool is_true(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Result<Completion> read_completion(const HttpRequest& http, const FrontierAnswers& answers) {
  ASSIGN_OR_RETURN(const json::value body, parse_json(http.body));
  const json::object* request = body.if_object();
  const json::value* model = request != nullptr ? request->if_contains("model") : nullptr;
  const json::value* messages = request != nullptr ? request->if_contains("messages") : nullptr;
  if (model == nullptr || !model->is_string() || messages == nullptr || !messages->is_array()) {
    return Error{ErrorCode::invalid_argument, "a chat completion needs a model and messages", "", ""};
  }
  Completion completion;
  completion.id = "chatcmpl-standin-" + http.id;
  completion.model = model->get_string();
  completion.text = answers.answer(*request);
  if (const json::value* n = request->if_contains("n"); n != nullptr && n->is_int64())
    completion.choices = std::clamp<int64_t>(n->get_int64(), 1, kMaxChoices);
  completion.prompt_tokens = static_cast<int64_t>(json::serialize(*messages).size() / kBytesPerToken);
  completion.completion_tokens =
      completion.choices * static_cast<int64_t>(completion.text.size() / kBytesPerToken + 1);
  completion.stream = is_true(*request, "stream");
  const json::value* options = request->if_contains("stream_options");
  if (options != nullptr && options->is_object())
    completion.stream_usage = is_true(options->get_object(), "include_usage");
  return completion;
}

HttpResponse whole(const Completion& completion) {
  json::object body = completion.head("chat.completion");
  json::array choices;
  for (int64_t i = 0; i < completion.choices; ++i) {
    choices.push_back({{"index", i},
                       {"message", {{"role", "assistant"}, {"content", completion.text}}},
                       {"finish_reason", "stop"}});
  }
  body["choices"] = std::move(choices);
  body["usage"] = completion.usage();
  return reply(200, body);
}

// The answer as server-sent events: word by word, then the end, then the usage if it was asked for.
void send_stream(Exchange& exchange, const Completion& completion) {
  exchange.begin_stream({200, "text/event-stream", {{kStandInHeader, "understudy demo"}}, ""});
  const auto send = [&](json::array choices, const json::value& usage) {
    json::object chunk = completion.head("chat.completion.chunk");
    chunk["choices"] = std::move(choices);
    if (completion.stream_usage) chunk["usage"] = usage;
    exchange.write("data: " + json::serialize(chunk) + "\n\n");
  };
  const std::string_view text = completion.text;
  for (int64_t i = 0; i < completion.choices; ++i) {
    for (size_t begin = 0, end; begin < text.size(); begin = end) {
      end = std::min(text.find(' ', begin + 1), text.size());
      json::object delta{{"content", text.substr(begin, end - begin)}};
      if (begin == 0) delta["role"] = "assistant";
      send({{{"index", i}, {"delta", std::move(delta)}, {"finish_reason", nullptr}}}, nullptr);
    }
    send({{{"index", i}, {"delta", json::object()}, {"finish_reason", "stop"}}}, nullptr);
  }
  if (completion.stream_usage) send({}, completion.usage());
  exchange.write("data: [DONE]\n\n");
  exchange.end_stream();
}

HttpResponse models() {
  const json::object model{{"id", kStandInModel},
                           {"object", "model"},
                           {"created", 0},
                           {"owned_by", "understudy demo: a stand-in, not a frontier model"}};
  return reply(200, json::object{{"object", "list"}, {"data", json::array{model}}});
}

}  // namespace

struct Frontier::Impl {
  const FrontierAnswers& answers;
  FrontierOptions options;
  LaterQueue later;
  std::unique_ptr<HttpServer> server;  // destroyed first: its threads use the rest

  void handle(std::shared_ptr<Exchange> exchange) {
    const HttpRequest& request = exchange->request();
    if (request.path == "/v1/models" && request.method == "GET") return exchange->respond(models());
    if (request.path != "/v1/chat/completions" || request.method != "POST")
      return exchange->respond(refusal(404, "the stand-in has chat completions and a list of models only"));
    auto completion = read_completion(request, answers);
    if (!completion.ok()) return exchange->respond(refusal(400, completion.error().message()));
    later.add(Clock::now() + options.latency, [exchange, completion = std::move(*completion)] {
      exchange->note_usage({.prompt_tokens = static_cast<int>(completion.prompt_tokens),
                            .completion_tokens = static_cast<int>(completion.completion_tokens)});
      if (completion.stream) return send_stream(*exchange, completion);
      exchange->respond(whole(completion));
    });
  }
};

Frontier::Frontier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Frontier::~Frontier() = default;

std::string Frontier::url() const { return fmt::format("http://127.0.0.1:{}/v1", impl_->server->port()); }

Result<std::unique_ptr<Frontier>> Frontier::start(const FrontierAnswers& answers, FrontierOptions options) {
  auto impl = std::unique_ptr<Impl>(new Impl{answers, options, {}, nullptr});
  HttpHandler handler;
  handler.admit = [](const HttpRequest&) { return std::optional<HttpResponse>(); };
  handler.handle = [raw = impl.get()](std::shared_ptr<Exchange> exchange) {
    raw->handle(std::move(exchange));
  };
  handler.refuse = [](int status, const std::string& what) { return refusal(status, what); };
  handler.finished = [](const AccessRecord&) {};
  ASSIGN_OR_RETURN(impl->server, HttpServer::start({.host = "127.0.0.1", .port = options.port, .limits = {}},
                                                   std::move(handler)));
  return std::unique_ptr<Frontier>(new Frontier(std::move(impl)));
}

}  // namespace understudy
