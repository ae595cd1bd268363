// The models that this server answers for: its own, and the names that its configuration gives a route.
// Source: https://platform.openai.com/docs/api-reference/models
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/passing_exchange.h"
#include "gateway/service.h"

namespace understudy {

inline constexpr std::string_view kModels = "/v1/models";

// NAME of "/v1/models/NAME"; "" of another path.
std::string_view model_in(std::string_view path);

std::vector<ModelName> known_models(const Service& service);
bool knows_model(const Service& service, std::string_view name);

boost::json::object model_card(const ModelName& model);

// Puts this server's models before those of an upstream's list. What is no list passes as it is.
class MergedModelList final : public PassingExchange {
 public:
  MergedModelList(std::shared_ptr<Exchange> inner, std::vector<ModelName> models)
      : PassingExchange(std::move(inner)), models_(std::move(models)) {}
  void respond(HttpResponse response) override;

 private:
  const std::vector<ModelName> models_;
};

}  // namespace understudy
