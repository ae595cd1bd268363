#include "gateway/dispatch.h"

#include <boost/json.hpp>

#include "gateway/answer_whole.h"
#include "gateway/decider.h"
#include "gateway/ledger/recorded_exchange.h"
#include "gateway/local_attempt.h"
#include "gateway/model_list.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"
#include "gateway/upstream/forward.h"
#include "gateway/upstream/json_member.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool is_api(std::string_view path) { return path.starts_with("/v1/"); }

// By its body, or by its path where a model is asked about.
std::string asked_model(const HttpRequest& request) {
  const std::string_view named = model_in(request.path);
  return named.empty() ? string_member(request.body, "model").value_or("") : std::string(named);
}

bool is_forced_up(const HttpRequest& request) {
  return request.header("x-understudy-route").value_or("") == "up";
}

// Calls that a specialist can answer, and that are worth recording.
bool is_generation(const HttpRequest& request) {
  return request.method == "POST" && (request.path == kChatCompletions || request.path == kCompletions);
}

bool answers_here(Service& service, const Route& route, std::string_view model) {
  if (route.needs == Needs::generator)
    return service.generator() != nullptr && service.generator()->model().answers_to(model);
  if (route.needs == Needs::embedder)
    return service.embedder() != nullptr && service.embedder()->model().answers_to(model);
  return route.handle == get_model && knows_model(service, model);
}

void answer_by_route(Service& service, const Route& route, std::shared_ptr<Exchange> exchange) {
  if (route.needs == Needs::generator && service.generator() == nullptr) {
    return exchange->respond(error_response(
        Error{ErrorCode::not_found, "This server has no model that generates text", "model",
              service.embedder()
                  ? "'" + service.embedder()->model().name + "' makes embeddings: POST /v1/embeddings"
                  : "Start it with one: understudy serve MODEL"}));
  }
  if (route.needs == Needs::embedder && service.embedder() == nullptr) {
    return exchange->respond(
        error_response(Error{ErrorCode::not_found, "This server has no embedding model", "model",
                             "Start it with one: understudy serve MODEL --embedding-model all-minilm:l6"}));
  }
  route.handle(service, std::move(exchange));
}

// 404 or 405 of a request that only this server's own routes can take.
std::optional<HttpResponse> refuse_unrouted(const HttpRequest& request) {
  const Route* route = find_route(request.path);
  if (!route) return error_response(404, "Unknown request URL: " + request.path, "unknown_url");
  if (allows_method(*route, request.method)) return std::nullopt;
  HttpResponse response =
      error_response(405, "This URL takes " + std::string(route->method) + " only", "method_not_allowed");
  response.headers.push_back({"Allow", std::string(route->method)});
  return response;
}

void go_up(const Service& service, const UpstreamTarget& target, std::shared_ptr<Exchange> exchange) {
  forward(*service.outside().upstreams, target, std::move(exchange));
}

// The same request once more, to see what the incumbent would have said (P11). Its answer goes to the ledger alone.
class Audit final : public Exchange {
 public:
  explicit Audit(HttpRequest request) : request_(std::move(request)) {}
  const HttpRequest& request() const override { return request_; }
  void respond(HttpResponse) override {}
  void begin_stream(HttpResponse) override {}
  void write(std::string) override {}
  void end_stream() override {}
  void on_disconnect(std::function<void()>) override {}
  void note_usage(const AnswerUsage&) override {}

 private:
  const HttpRequest request_;
};

void audit(const Service& service, const UpstreamTarget& target, const HttpRequest& request,
           const Call& local) {
  CallMarks marks{local.project, local.session, {"audit", "audit_of:" + local.id}, std::nullopt};
  auto recorded = std::make_shared<RecordedExchange>(std::make_shared<Audit>(request),
                                                     service.outside().recorder, std::move(marks));
  Call& call = recorded->call();
  call.origin = Origin::incumbent;
  call.route = "up";
  call.reason = "audit";
  call.task = local.task;
  call.provider = target.provider;
  go_up(service, target, std::move(recorded));
}

void take_decision(const Service& service, const UpstreamTarget& target,
                   const std::shared_ptr<RecordedExchange>& exchange, const Decision& decision) {
  Call& call = exchange->call();
  call.reason = decision.reason;
  call.task = decision.task;
  call.cpu_seconds = decision.cpu_seconds;
  boost::system::error_code error;
  const json::value response = decision.local ? json::parse(decision.response, error) : json::value();
  if (!decision.local || error || !response.is_object()) {
    if (decision.local) call.reason = "specialist_failed";
    return go_up(service, target, exchange);
  }
  call.origin = Origin::local;
  call.route = "local";
  call.provider = "understudy";
  call.target_model = decision.target_model;
  call.model_hash = decision.model_hash;
  call.adapter_hash = decision.adapter_hash;
  call.prompt_tokens = decision.prompt_tokens;
  call.completion_tokens = decision.completion_tokens;
  const json::value request = json::parse(exchange->request().body, error);
  const Call noted = call;
  answer_whole(*exchange, request.is_object() ? request.get_object() : json::object(), response.get_object());
  if (decision.audit && service.outside().recorder != nullptr)
    audit(service, target, exchange->request(), noted);
}

void answer_from_outside(Service& service, const UpstreamTarget& target,
                         const std::shared_ptr<RecordedExchange>& exchange) {
  const HttpRequest& request = exchange->request();
  Call& call = exchange->call();
  call.origin = Origin::incumbent;
  call.route = "up";
  call.provider = target.provider;
  Decider* decider = service.outside().decider;
  const bool forced = is_forced_up(request);
  if (forced) call.reason = "forced_up";
  if (!is_generation(request)) call.reason = "passed_through";
  if (request.path == kModels && request.method == "GET")
    return go_up(service, target, std::make_shared<MergedModelList>(exchange, known_models(service)));
  if (decider == nullptr || forced || !is_generation(request)) return go_up(service, target, exchange);
  decider->decide({call.project, request.path, request.body},
                  [&service, &target, exchange](const Decision& decision) {
                    take_decision(service, target, exchange, decision);
                  });
}

void mark_local(const Service& service, Call& call) {
  call.origin = Origin::local;
  call.route = "local";
  call.reason = "local_model";
  call.provider = "understudy";
  if (service.generator() == nullptr) return;
  call.target_model = service.generator()->model().name;
  call.model_hash = service.generator()->model().digest;
}

// A route of the configuration whose target is this server's own model. `fallback`: the incumbent, or nullptr.
void answer_local_route(Service& service, const Route& route, const UpstreamTarget* fallback,
                        const std::shared_ptr<RecordedExchange>& exchange) {
  mark_local(service, exchange->call());
  LocalAttempt::TakeOver take_over;
  if (fallback != nullptr) {
    take_over = [&service, fallback, exchange](const std::string& code) {
      Call& call = exchange->call();
      call.origin = Origin::incumbent;
      call.route = "up";
      call.reason = "local_failed:" + code;
      call.provider = fallback->provider;
      call.target_model = call.model_hash = "";
      go_up(service, *fallback, exchange);
    };
  }
  const std::string own = exchange->call().target_model;
  answer_by_route(service, route, std::make_shared<LocalAttempt>(exchange, own, std::move(take_over)));
}

bool must_be_recorded(const Recorder* recorder, const CallMarks& marks) {
  if (recorder == nullptr || !recorder->options().refuse_on_failure) return false;
  return marks.log.value_or(recorder->options().log) != LogLevel::off;
}

// A stream cannot be taken back when it turns out that it cannot be recorded, and an answer costs money: while the ledger
// fails nobody is asked. Now and then the refusal itself is recorded, to find out whether that works again.
void refuse_unrecorded(Recorder& recorder, std::shared_ptr<Exchange> exchange, CallMarks marks) {
  if (recorder.may_try()) {
    auto recorded = std::make_shared<RecordedExchange>(std::move(exchange), &recorder, std::move(marks));
    recorded->call().reason = "ledger_failed";
    exchange = std::move(recorded);
  }
  exchange->respond(error_response(503, "The ledger cannot be written, and it is set to refuse calls then",
                                   "ledger_failed"));
}

}  // namespace

std::optional<HttpResponse> refuse_path(const Service& service, const HttpRequest& request) {
  // What an upstream has on this path is its own matter.
  if (service.outside().upstreams != nullptr && is_api(request.path)) return std::nullopt;
  return refuse_unrouted(request);
}

void dispatch(Service& service, std::shared_ptr<Exchange> exchange) {
  const HttpRequest& request = exchange->request();
  const Route* route = find_route(request.path);
  if (!is_api(request.path)) return answer_by_route(service, *route, std::move(exchange));

  const std::string model = asked_model(request);
  const Outside& outside = service.outside();
  const bool generation = is_generation(request);
  const bool here = route != nullptr && answers_here(service, *route, model);
  const UpstreamTarget* target =
      outside.upstreams == nullptr || here ? nullptr : outside.upstreams->find(model);
  const bool local_route = outside.upstreams != nullptr && !here && generation &&
                           outside.upstreams->local.contains(model) && !is_forced_up(request);
  if (target == nullptr) {
    if (auto refusal = refuse_unrouted(request)) return exchange->respond(std::move(*refusal));
    if (!generation || (outside.recorder == nullptr && !local_route))
      return answer_by_route(service, *route, std::move(exchange));
  }

  auto marks = read_call_marks(request);
  if (!marks) return exchange->respond(error_response(marks.error()));
  if (generation && must_be_recorded(outside.recorder, *marks) && outside.recorder->failing())
    return refuse_unrecorded(*outside.recorder, std::move(exchange), std::move(*marks));
  auto recorded =
      std::make_shared<RecordedExchange>(std::move(exchange), outside.recorder, std::move(*marks));
  if (local_route) return answer_local_route(service, *route, target, recorded);
  if (target != nullptr) return answer_from_outside(service, *target, recorded);
  mark_local(service, recorded->call());
  answer_by_route(service, *route, std::move(recorded));
}

}  // namespace understudy
