// The models that specialists are made of, loaded when they are first asked for and then shared.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/embedder.h"
#include "engine/engine.h"

namespace understudy {

// Texts to vectors. Thread-safe.
class TextEmbedder {
 public:
  virtual ~TextEmbedder() = default;

  virtual const std::string& digest() const = 0;  // tells embedders apart
  virtual size_t width() const = 0;
  // Whether it reads the text to its end; an empty text it cannot read.
  virtual bool reads(const std::string& text) const = 0;
  // (texts, width), row-major. Errors: a text that it does not read.
  virtual Result<std::vector<float>> embed(std::span<const std::string> texts) = 0;
};

// Thread-safe; loading one model keeps others waiting.
class Models {
 public:
  // A model by its name ("smollm2:135m"). Error{not_found} says how to get it.
  using Finder = std::function<Result<ModelLocation>(const std::string& name)>;

  // `threads` of each model: 0 is all that the process may use.
  explicit Models(Finder find, int threads = 0) : find_(std::move(find)), threads_(threads) {}

  // Errors: those of the finder, Embedder::load, Model::load and Engine::create.
  Result<std::shared_ptr<TextEmbedder>> embedder(const std::string& name);
  Result<std::shared_ptr<Engine>> engine(const std::string& name);

  // Uses this one under that name from now on.
  void put(const std::string& name, std::shared_ptr<TextEmbedder> embedder);

 private:
  Finder find_;
  int threads_;
  std::mutex mutex_;  // of the maps
  std::map<std::string, std::shared_ptr<TextEmbedder>> embedders_;
  std::map<std::string, std::shared_ptr<Engine>> engines_;
};

}  // namespace understudy
