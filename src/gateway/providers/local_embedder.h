// The encoder in this process as an EmbeddingProvider.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/embedder.h"
#include "gateway/embedding_provider.h"

namespace understudy {

std::unique_ptr<EmbeddingProvider> make_local_embedder(std::unique_ptr<Embedder> embedder, std::string name,
                                                       std::vector<std::string> aliases);

}  // namespace understudy
