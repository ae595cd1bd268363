#include "gateway/dispatch.h"

#include <boost/json.hpp>

#include "gateway/answer_whole.h"
#include "gateway/decider.h"
#include "gateway/ledger/recorded_exchange.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"
#include "gateway/upstream/forward.h"
#include "gateway/upstream/json_member.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool is_api(std::string_view path) { return path.starts_with("/v1/"); }

// Calls that a specialist can answer, and that are worth recording.
bool is_generation(const HttpRequest& request) {
  return request.method == "POST" && (request.path == kChatCompletions || request.path == kCompletions);
}

bool answers_here(Service& service, const Route& route, std::string_view model) {
  if (route.needs == Needs::generator)
    return service.generator() != nullptr && service.generator()->model().answers_to(model);
  if (route.needs == Needs::embedder)
    return service.embedder() != nullptr && service.embedder()->model().answers_to(model);
  return false;
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
  const bool forced = request.header("x-understudy-route").value_or("") == "up";
  if (forced) call.reason = "forced_up";
  if (!is_generation(request)) call.reason = "passed_through";
  if (decider == nullptr || forced || !is_generation(request)) return go_up(service, target, exchange);
  decider->decide({call.project, request.path, request.body},
                  [&service, &target, exchange](const Decision& decision) {
                    take_decision(service, target, exchange, decision);
                  });
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

  const std::string model = string_member(request.body, "model").value_or("");
  const Outside& outside = service.outside();
  const bool here = route != nullptr && answers_here(service, *route, model);
  const UpstreamTarget* target =
      outside.upstreams == nullptr || here ? nullptr : outside.upstreams->find(model);
  if (target == nullptr) {
    if (auto refusal = refuse_unrouted(request)) return exchange->respond(std::move(*refusal));
  }
  if (outside.recorder == nullptr && target == nullptr)
    return answer_by_route(service, *route, std::move(exchange));

  auto marks = read_call_marks(request);
  if (!marks) return exchange->respond(error_response(marks.error()));
  if (outside.recorder != nullptr && outside.recorder->options().refuse_on_failure &&
      outside.recorder->failing() && is_generation(request) && !outside.recorder->may_try()) {
    return exchange->respond(error_response(
        503, "The ledger cannot be written, and it is set to refuse calls then", "ledger_failed"));
  }
  if (target != nullptr) {
    auto recorded =
        std::make_shared<RecordedExchange>(std::move(exchange), outside.recorder, std::move(*marks));
    return answer_from_outside(service, *target, recorded);
  }
  if (!is_generation(request)) return answer_by_route(service, *route, std::move(exchange));
  auto recorded =
      std::make_shared<RecordedExchange>(std::move(exchange), outside.recorder, std::move(*marks));
  Call& call = recorded->call();
  call.origin = Origin::local;
  call.route = "local";
  call.reason = "local_model";
  call.provider = "understudy";
  if (service.generator() != nullptr) {
    call.target_model = service.generator()->model().name;
    call.model_hash = service.generator()->model().digest;
  }
  answer_by_route(service, *route, std::move(recorded));
}

}  // namespace understudy
