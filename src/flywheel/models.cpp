#include "flywheel/models.h"

#include <algorithm>

namespace understudy {
namespace {

// What asks a specialist wants little: short prompts, some at once.
constexpr int kSpecialistContext = 2048, kSpecialistsRunning = 8;

class LoadedEmbedder : public TextEmbedder {
 public:
  explicit LoadedEmbedder(std::unique_ptr<Embedder> embedder) : embedder_(std::move(embedder)) {}

  const std::string& digest() const override { return embedder_->digest(); }
  size_t width() const override { return static_cast<size_t>(embedder_->width()); }
  bool reads(const std::string& text) const override {
    return !text.empty() && embedder_->encode(text).size() <= static_cast<size_t>(embedder_->context());
  }
  Result<std::vector<float>> embed(std::span<const std::string> texts) override {
    std::vector<std::vector<TokenId>> tokens;
    for (const std::string& text : texts) tokens.push_back(embedder_->encode(text));
    return embedder_->embed(tokens);
  }

 private:
  std::unique_ptr<Embedder> embedder_;
};

}  // namespace

Result<std::shared_ptr<TextEmbedder>> Models::embedder(const std::string& name) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<TextEmbedder>& found = embedders_[name];
  if (!found) {
    ASSIGN_OR_RETURN(const ModelLocation location, find_(name));
    ASSIGN_OR_RETURN(auto embedder, Embedder::load(location, {.threads = threads_}));
    found = std::make_shared<LoadedEmbedder>(std::move(embedder));
  }
  return found;
}

Result<std::shared_ptr<Engine>> Models::engine(const std::string& name) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Engine>& found = engines_[name];
  if (!found) {
    ASSIGN_OR_RETURN(const ModelLocation location, find_(name));
    ASSIGN_OR_RETURN(auto model, Model::load(location, {.threads = threads_}));
    EngineOptions options{.threads = threads_, .max_running = kSpecialistsRunning};
    options.context = kSpecialistContext;
    if (model->trained_context() > 0) options.context = std::min(options.context, model->trained_context());
    ASSIGN_OR_RETURN(found, Engine::create(std::move(model), options));
  }
  return found;
}

void Models::put(const std::string& name, std::shared_ptr<TextEmbedder> embedder) {
  std::lock_guard lock(mutex_);
  embedders_[name] = std::move(embedder);
}

}  // namespace understudy
