// The engine in this process as a ModelProvider.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "gateway/provider.h"

namespace understudy {

// Errors: a model without a tokenizer.
Result<std::unique_ptr<ModelProvider>> make_local_provider(std::unique_ptr<Engine> engine, std::string name,
                                                           std::vector<std::string> aliases);

}  // namespace understudy
