// Embeddings that were made before, in a file: when a task is specialised again, only new texts are embedded.
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "flywheel/models.h"

namespace understudy {

// Gives the vectors that `embedder`, which must outlive it, gives, bit for bit: what a text's vector is does not depend on
// the texts beside it (Encoder). Thread-safe: calls take turns.
class RememberingEmbedder : public TextEmbedder {
 public:
  // Knows what the file holds; nothing if there is none, if it is damaged, or if it is another embedder's.
  RememberingEmbedder(TextEmbedder& embedder, std::string path);

  const std::string& digest() const override { return embedder_.digest(); }
  size_t width() const override { return embedder_.width(); }
  bool reads(const std::string& text) const override { return embedder_.reads(text); }
  Result<std::vector<float>> embed(std::span<const std::string> texts) override;

  // Forgets what embed() was not asked for, so that the file does not grow with texts that are gone.
  void forget_others();
  // Replaces the file with all that it knows. The file holds hashes of texts, no text. Error{io}.
  Status save() const;

 private:
  struct Known {
    std::vector<float> vector;
    bool asked = false;
  };

  void read();
  Status embed_new(std::span<const std::string> texts, std::span<const std::string> keys);

  TextEmbedder& embedder_;
  std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, Known> known_;  // by SHA-256 of the text
};

}  // namespace understudy
