// GET /v1/models and /v1/models/{model}: what this server answers as.
#include "gateway/model_list.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"

namespace understudy {

namespace json = boost::json;

void list_models(Service& service, std::shared_ptr<Exchange> exchange) {
  json::array cards;
  for (const ModelName& model : known_models(service)) cards.push_back(model_card(model));
  exchange->respond(json_response(json::object{{"object", "list"}, {"data", std::move(cards)}}));
}

void get_model(Service& service, std::shared_ptr<Exchange> exchange) {
  const std::string name(model_in(exchange->request().path));
  std::string known;
  for (const ModelName& model : known_models(service)) {
    if (model.answers_to(name)) return exchange->respond(json_response(model_card(model)));
    known += (known.empty() ? "'" : ", '") + model.name + "'";
  }
  exchange->respond(error_response(Error{ErrorCode::not_found, "The model '" + name + "' does not exist",
                                         "model", "This server has " + known}));
}

}  // namespace understudy
