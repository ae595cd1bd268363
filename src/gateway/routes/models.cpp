// GET /v1/models and /v1/models/{model}: what this server answers as.
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"

namespace understudy {
namespace {

namespace json = boost::json;

json::object model_card(const ServedModel& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", model.created}, {"owned_by", "understudy"}};
}

}  // namespace

void list_models(Service& service, std::shared_ptr<Exchange> exchange) {
  json::array cards;
  cards.push_back(model_card(service.provider().model()));
  exchange->respond(json_response(json::object{{"object", "list"}, {"data", std::move(cards)}}));
}

void get_model(Service& service, std::shared_ptr<Exchange> exchange) {
  const ServedModel& model = service.provider().model();
  std::string name = exchange->request().path.substr(std::string_view("/v1/models/").size());
  if (model.answers_to(name)) return exchange->respond(json_response(model_card(model)));
  exchange->respond(error_response(Error{ErrorCode::not_found, "The model '" + name + "' does not exist",
                                         "model", "This server has '" + model.name + "'"}));
}

}  // namespace understudy
