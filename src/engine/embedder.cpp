#include "engine/embedder.h"

#include <fmt/format.h>

#include "arch/architecture.h"
#include "engine/packed_copy.h"
#include "engine/tokenizer_from_file.h"
#include "formats/read_model.h"
#include "kernels/dispatch.h"

namespace understudy {

namespace {
// Rows of a step: enough to keep the threads busy, few enough that a step ends soon and stays in the cache.
constexpr size_t kStepRows = 512;
}  // namespace

Result<bool> holds_encoder(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string architecture, model_architecture(path));
  return is_encoder(architecture);
}

Result<std::unique_ptr<Embedder>> Embedder::load(const ModelLocation& location, const ModelOptions& options) {
  ASSIGN_OR_RETURN(ModelFile file, read_model(location.path));
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  const KernelTable* kernels = options.kernels;
  if (kernels == nullptr) {
    ASSIGN_OR_RETURN(kernels, select_kernels());
  }
  std::unique_ptr<Embedder> embedder(new Embedder(options.threads));
  ASSIGN_OR_RETURN(embedder->tokenizer_, Tokenizer::create(std::move(spec)));
  embedder->digest_ = model_digest(file);
  PackedCopy copy(location, embedder->digest_, options.packed, embedder->pool_);
  ASSIGN_OR_RETURN(embedder->encoder_, build_encoder(file, *kernels, embedder->pool_, &copy.weights()));
  if (embedder->vocabulary() < embedder->tokenizer_->size()) {
    return Error{ErrorCode::corrupt,
                 fmt::format("the tokenizer has {} tokens, the embedding {} rows",
                             embedder->tokenizer_->size(), embedder->vocabulary()),
                 location.path, ""};
  }
  embedder->workspace_ = make_workspace(embedder->pool_);
  embedder->packed_copy_ = copy.keep();
  return embedder;
}

std::vector<TokenId> Embedder::encode(const std::string& text) const {
  return tokenizer_->encode(PromptText::data(text), true);
}

Status Embedder::check(std::span<const std::vector<TokenId>> texts) const {
  for (size_t i = 0; i < texts.size(); i++) {
    const std::string where = fmt::format("input[{}]", i);
    if (texts[i].empty()) return Error{ErrorCode::invalid_argument, "the text is empty", where, ""};
    if (texts[i].size() > static_cast<size_t>(context())) {
      return Error{ErrorCode::context_overflow,
                   fmt::format("the text has {} tokens; this model reads {}", texts[i].size(), context()),
                   where, "Split the text; nothing is cut off silently"};
    }
    for (TokenId id : texts[i]) {
      if (id < 0 || id >= vocabulary()) {
        return Error{ErrorCode::invalid_argument,
                     fmt::format("token id {} is outside the vocabulary of {}", id, vocabulary()), where, ""};
      }
    }
  }
  return {};
}

Result<std::vector<float>> Embedder::embed(std::span<const std::vector<TokenId>> texts,
                                           const std::atomic<bool>* cancelled) {
  RETURN_IF_ERROR(check(texts));
  std::vector<float> vectors;
  std::lock_guard lock(mutex_);
  for (size_t at = 0; at < texts.size();) {
    if (cancelled != nullptr && *cancelled) break;
    std::vector<std::span<const TokenId>> step;
    for (size_t rows = 0; at < texts.size() && (step.empty() || rows + texts[at].size() <= kStepRows); at++) {
      step.emplace_back(texts[at]);
      rows += texts[at].size();
    }
    const auto done = encoder_->embed(step, *workspace_);
    vectors.insert(vectors.end(), done.begin(), done.end());
  }
  return vectors;
}

}  // namespace understudy
