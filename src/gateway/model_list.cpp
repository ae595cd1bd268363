#include "gateway/model_list.h"

#include <algorithm>
#include <boost/json.hpp>

#include "gateway/upstream/targets.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool is_named(const std::vector<ModelName>& models, const json::value& card) {
  boost::system::error_code missing;
  const json::value* id = card.find_pointer("/id", missing);
  return id && id->is_string() && std::any_of(models.begin(), models.end(), [&](const ModelName& model) {
           return model.name == std::string_view(id->get_string());
         });
}

}  // namespace

std::string_view model_in(std::string_view path) {
  if (!path.starts_with(kModels) || path.size() <= kModels.size() + 1) return "";
  return path.substr(kModels.size() + 1);
}

std::vector<ModelName> known_models(const Service& service) {
  std::vector<ModelName> models;
  if (service.generator()) models.push_back(service.generator()->model());
  if (service.embedder()) models.push_back(service.embedder()->model());
  if (const Upstreams* upstreams = service.outside().upstreams) {
    for (const auto& [name, target] : upstreams->local) models.push_back({name, {}, "", 0});
    for (const auto& [name, target] : upstreams->routes) models.push_back({name, {}, "", 0});
  }
  return models;
}

bool knows_model(const Service& service, std::string_view name) {
  const std::vector<ModelName> models = known_models(service);
  return std::any_of(models.begin(), models.end(),
                     [&](const ModelName& model) { return model.answers_to(name); });
}

json::object model_card(const ModelName& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", model.created}, {"owned_by", "understudy"}};
}

void MergedModelList::respond(HttpResponse response) {
  boost::system::error_code failed;
  const json::value list = json::parse(response.body, failed);
  const json::value* theirs = failed ? nullptr : list.find_pointer("/data", failed);
  if (response.status != 200 || models_.empty() || !theirs || !theirs->is_array())
    return inner_->respond(std::move(response));
  json::array cards;
  for (const ModelName& model : models_) cards.push_back(model_card(model));
  for (const json::value& card : theirs->get_array()) {
    if (!is_named(models_, card)) cards.push_back(card);
  }
  json::object merged = list.get_object();
  merged["data"] = std::move(cards);
  response.body = json::serialize(merged);
  inner_->respond(std::move(response));
}

}  // namespace understudy
