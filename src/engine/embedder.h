// Embedder: an encoder with its tokenizer. Texts to vectors of length 1.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "arch/encoder.h"
#include "base/result.h"
#include "engine/model.h"
#include "text/tokenizer.h"

namespace understudy {

// Whether the file is an Embedder's rather than a Model's.
Result<bool> holds_encoder(const std::string& path);

class Embedder {
 public:
  // Errors: as Model::load; unsupported if the file holds no encoder.
  static Result<std::unique_ptr<Embedder>> load(const ModelLocation& location,
                                                const ModelOptions& options = {});

  int width() const { return encoder_->width(); }      // C
  int context() const { return encoder_->context(); }  // most tokens of a text, its marks included
  int vocabulary() const { return encoder_->vocabulary(); }
  const std::string& digest() const { return digest_; }
  const Status& packed_copy() const { return packed_copy_; }  // as Model's
  const Encoder& encoder() const { return *encoder_; }

  // Ids of `text` between the marks that the model was trained with. Control tokens in the text are plain
  // text.
  std::vector<TokenId> encode(const std::string& text) const;

  // Vectors (texts, C), row-major. Errors: invalid_argument (empty text, unknown id), context_overflow;
  // `where` is "input[i]". Stops early, with the vectors that are done, when `cancelled` becomes true.
  // Thread-safe: calls take turns.
  Result<std::vector<float>> embed(std::span<const std::vector<TokenId>> texts,
                                   const std::atomic<bool>* cancelled = nullptr);

 private:
  explicit Embedder(int threads) : pool_(threads) {}
  Status check(std::span<const std::vector<TokenId>> texts) const;

  std::mutex mutex_;  // of pool and workspace
  ThreadPool pool_;
  std::unique_ptr<Workspace, WorkspaceDeleter> workspace_;
  std::unique_ptr<const Encoder> encoder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string digest_;
  Status packed_copy_;
};

}  // namespace understudy
