// EmbeddingProvider: whoever turns tokens into vectors for /v1/embeddings: the local encoder
// (providers/local_embedder.h), or a scripted one in tests.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/provider.h"

namespace understudy {

struct ServedEmbedder : ModelName {
  int width = 0;    // C: values of a vector
  int context = 0;  // tokens a text may hold
  int vocabulary = 0;
};

class EmbeddingProvider {
 public:
  using Done = std::function<void(Result<std::vector<float>>)>;
  virtual ~EmbeddingProvider() = default;

  virtual const ServedEmbedder& model() const = 0;
  // Ids of a text, with the model's marks around it. Thread-safe.
  virtual std::vector<TokenId> encode(const std::string& text) const = 0;
  // Returns at once. `done` gets vectors (texts, C) of length 1 on the provider's thread, in the order of
  // calls. It may get fewer of them once `cancelled` is true.
  virtual void embed(std::vector<std::vector<TokenId>> texts,
                     std::shared_ptr<const std::atomic<bool>> cancelled, Done done) = 0;
};

}  // namespace understudy
