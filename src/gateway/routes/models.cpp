// GET /v1/models and /v1/models/{model}: what this server answers as.
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"

namespace understudy {
namespace {

namespace json = boost::json;

json::object model_card(const ModelName& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", model.created}, {"owned_by", "understudy"}};
}

std::vector<const ModelName*> models_of(Service& service) {
  std::vector<const ModelName*> models;
  if (service.generator()) models.push_back(&service.generator()->model());
  if (service.embedder()) models.push_back(&service.embedder()->model());
  return models;
}

}  // namespace

void list_models(Service& service, std::shared_ptr<Exchange> exchange) {
  json::array cards;
  for (const ModelName* model : models_of(service)) cards.push_back(model_card(*model));
  exchange->respond(json_response(json::object{{"object", "list"}, {"data", std::move(cards)}}));
}

void get_model(Service& service, std::shared_ptr<Exchange> exchange) {
  const std::string name = exchange->request().path.substr(std::string_view("/v1/models/").size());
  std::string known;
  for (const ModelName* model : models_of(service)) {
    if (model->answers_to(name)) return exchange->respond(json_response(model_card(*model)));
    known += (known.empty() ? "'" : ", '") + model->name + "'";
  }
  exchange->respond(error_response(Error{ErrorCode::not_found, "The model '" + name + "' does not exist",
                                         "model", "This server has " + known}));
}

}  // namespace understudy
