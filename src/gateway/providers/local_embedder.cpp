#include "gateway/providers/local_embedder.h"

#include <ctime>

#include "gateway/worker.h"

namespace understudy {
namespace {

class LocalEmbedder final : public EmbeddingProvider {
 public:
  LocalEmbedder(std::unique_ptr<Embedder> embedder, ServedEmbedder served)
      : served_(std::move(served)), embedder_(std::move(embedder)) {}

  const ServedEmbedder& model() const override { return served_; }
  std::vector<TokenId> encode(const std::string& text) const override { return embedder_->encode(text); }

  void embed(std::vector<std::vector<TokenId>> texts, std::shared_ptr<const std::atomic<bool>> cancelled,
             Done done) override {
    worker_.post([this, texts = std::move(texts), cancelled = std::move(cancelled), done = std::move(done)] {
      done(embedder_->embed(texts, cancelled.get()));
    });
  }

 private:
  ServedEmbedder served_;
  std::unique_ptr<Embedder> embedder_;
  Worker worker_;
};

}  // namespace

std::unique_ptr<EmbeddingProvider> make_local_embedder(std::unique_ptr<Embedder> embedder, std::string name,
                                                       std::vector<std::string> aliases) {
  ServedEmbedder served;
  served.name = std::move(name);
  served.aliases = std::move(aliases);
  served.digest = embedder->digest();
  served.created = std::time(nullptr);
  served.width = embedder->width();
  served.context = embedder->context();
  served.vocabulary = embedder->vocabulary();
  return std::make_unique<LocalEmbedder>(std::move(embedder), std::move(served));
}

}  // namespace understudy
