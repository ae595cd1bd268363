// GET /health: the process answers. GET /ready: it has a model and says how busy that is.
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"

namespace understudy {

namespace json = boost::json;

void health(Service&, std::shared_ptr<Exchange> exchange) {
  exchange->respond(json_response(json::object{{"status", "ok"}}));
}

void ready(Service& service, std::shared_ptr<Exchange> exchange) {
  const EngineStats stats = service.generator() ? service.generator()->stats() : EngineStats{};
  const ModelName& model = service.generator() ? static_cast<const ModelName&>(service.generator()->model())
                                               : service.embedder()->model();
  exchange->respond(json_response(json::object{{"status", "ready"},
                                               {"model", model.name},
                                               {"running", stats.running},
                                               {"queued", stats.queued},
                                               {"kv_bytes_used", stats.kv_bytes_used},
                                               {"kv_bytes_total", stats.kv_bytes_total}}));
}

}  // namespace understudy
