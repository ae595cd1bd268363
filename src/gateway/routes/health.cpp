// GET /health: the process answers. GET /ready: it has models, or an upstream, and says how busy it
// is and whether the ledger can be written.
#include "gateway/ledger/recorder.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"

namespace understudy {

namespace json = boost::json;

void health(Service&, std::shared_ptr<Exchange> exchange) {
  exchange->respond(json_response(json::object{{"status", "ok"}}));
}

void ready(Service& service, std::shared_ptr<Exchange> exchange) {
  const EngineStats stats = service.generator() ? service.generator()->stats() : EngineStats{};
  json::object state{{"status", "ready"},
                     {"model", nullptr},
                     {"running", stats.running},
                     {"queued", stats.queued},
                     {"kv_bytes_used", stats.kv_bytes_used},
                     {"kv_bytes_total", stats.kv_bytes_total}};
  if (service.generator()) {
    state["model"] = service.generator()->model().name;
  } else if (service.embedder()) {
    state["model"] = service.embedder()->model().name;
  }
  if (const Recorder* recorder = service.outside().recorder) {
    state["ledger"] = recorder->failing() ? "failing" : "ok";
    state["lost_calls"] = recorder->lost();
  }
  exchange->respond(json_response(state));
}

}  // namespace understudy
