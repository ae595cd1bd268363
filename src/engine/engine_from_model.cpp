#include "engine/engine.h"

namespace understudy {

Result<std::unique_ptr<Engine>> Engine::create(std::shared_ptr<const Model> model, EngineOptions options) {
  EngineModel parts{model->shared_network(), model->end_tokens(), model->trained_context(), model->digest()};
  ASSIGN_OR_RETURN(auto engine, create(std::move(parts), options));
  engine->model_ = std::move(model);
  return engine;
}

}  // namespace understudy
