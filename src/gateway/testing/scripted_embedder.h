// An EmbeddingProvider for tests: a text's vector is (3, 4, n) / |.| with n tokens, one a byte.
#pragma once

#include <cmath>

#include "gateway/embedding_provider.h"

namespace understudy {

class ScriptedEmbedder final : public EmbeddingProvider {
 public:
  ScriptedEmbedder() {
    served_.name = "test-embedder";
    served_.width = 3;
    served_.context = 16;
    served_.vocabulary = 256;
  }
  const ServedEmbedder& model() const override { return served_; }
  std::vector<TokenId> encode(const std::string& text) const override { return {text.begin(), text.end()}; }
  void embed(std::vector<std::vector<TokenId>> texts, std::shared_ptr<const std::atomic<bool>>,
             Done done) override {
    std::vector<float> vectors;
    for (size_t i = 0; i < texts.size(); i++) {
      const auto n = static_cast<float>(texts[i].size());
      if (texts[i].size() > static_cast<size_t>(served_.context)) {
        return done(Error{ErrorCode::context_overflow, "too long", "input[" + std::to_string(i) + "]", ""});
      }
      const float length = std::sqrt(25 + n * n);
      vectors.insert(vectors.end(), {3 / length, 4 / length, n / length});
    }
    done(std::move(vectors));
  }

 private:
  ServedEmbedder served_;
};

}  // namespace understudy
