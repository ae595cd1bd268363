#include "engine/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/architecture.h"
#include "engine/packed_copy.h"
#include "engine/tokenizer_from_file.h"
#include "formats/hf/tokenizer.h"
#include "formats/read_model.h"
#include "kernels/dispatch.h"

namespace understudy {

namespace {

// Tokens that end an answer whatever the template, if the vocabulary has them as control tokens.
constexpr std::string_view kEndOfTurn[] = {"<|im_end|>",    "<|eot_id|>",      "<|eom_id|>", "<end_of_turn>",
                                           "<|endoftext|>", "<|end_of_text|>", "<eos>",      "</s>"};

std::vector<TokenId> end_tokens_of(const ModelFile& file, const Tokenizer& tokenizer) {
  std::vector<TokenId> ids;
  if (auto eos = tokenizer.eos()) ids.push_back(*eos);
  auto end_of_turn = file.metadata.get_or<int64_t>("tokenizer.ggml.eot_token_id", -1);
  if (end_of_turn.ok() && *end_of_turn >= 0 && *end_of_turn < tokenizer.size())
    ids.push_back(static_cast<TokenId>(*end_of_turn));
  if (const auto* ends = file.metadata.array<int64_t>(kEndTokenIdsKey)) {
    for (const int64_t id : *ends) {
      if (id >= 0 && id < tokenizer.size()) ids.push_back(static_cast<TokenId>(id));
    }
  }
  for (std::string_view text : kEndOfTurn) {
    if (auto id = tokenizer.find(text); id && tokenizer.is_control(*id)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

// FNV-1a.
std::string model_digest(const ModelFile& file) {
  uint64_t hash = 0xcbf29ce484222325u;
  auto mix = [&](const void* data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001b3u;
  };
  mix(file.architecture.data(), file.architecture.size());
  for (const auto& [key, value] : file.metadata) {
    mix(key.data(), key.size());
    if (const auto* integer = std::get_if<int64_t>(&value)) mix(integer, sizeof(*integer));
    if (const auto* real = std::get_if<double>(&value)) mix(real, sizeof(*real));
  }
  for (const TensorView& tensor : file.tensors) {
    mix(tensor.name.data(), tensor.name.size());
    mix(tensor.shape.data(), tensor.shape.size() * sizeof(int64_t));
    mix(&tensor.dtype, sizeof(tensor.dtype));
    mix(tensor.bytes.data(), std::min<size_t>(tensor.bytes.size(), 4096));
  }
  return fmt::format("{:016x}", hash);
}

Result<std::shared_ptr<Model>> Model::build(const ModelFile& file, const ModelOptions& options,
                                            const ModelLocation& location) {
  const KernelTable* kernels = options.kernels;
  if (kernels == nullptr) {
    ASSIGN_OR_RETURN(kernels, select_kernels());
  }
  ThreadPool pool(options.threads);
  auto model = std::make_shared<Model>();
  model->digest_ = model_digest(file);
  PackedCopy copy(location, model->digest_, options.packed, pool);
  ASSIGN_OR_RETURN(model->network_, build_network(file, *kernels, pool, options.kv, &copy.weights()));
  model->packed_copy_ = copy.keep();
  model->architecture_ = file.architecture;
  ASSIGN_OR_RETURN(int64_t context, file.metadata.get_or<int64_t>(file.architecture + ".context_length", 0));
  model->trained_context_ = static_cast<int>(std::clamp<int64_t>(context, 0, 1 << 30));
  return model;
}

Result<std::shared_ptr<const Model>> Model::from_file(const ModelFile& file, const ModelOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Model> model, build(file, options, file.path));
  return model;
}

Result<std::shared_ptr<const Model>> Model::load(const ModelLocation& location, const ModelOptions& options) {
  ASSIGN_OR_RETURN(ModelFile file, read_model(location.path));
  // The cheap parts first: what is wrong with them is known before a gigabyte is packed.
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  ASSIGN_OR_RETURN(auto tokenizer, Tokenizer::create(std::move(spec)));
  ASSIGN_OR_RETURN(std::string source, file.metadata.get_or<std::string>("tokenizer.chat_template",
                                                                         std::string(plain_chat_template())));
  ASSIGN_OR_RETURN(auto chat_template, ChatTemplate::parse(source));
  ASSIGN_OR_RETURN(const auto model, build(file, options, location));

  if (model->network_->vocabulary() < tokenizer->size()) {
    return Error{ErrorCode::corrupt,
                 fmt::format("the tokenizer has {} tokens, the embedding {} rows", tokenizer->size(),
                             model->network_->vocabulary()),
                 location.path, ""};
  }
  model->end_tokens_ = end_tokens_of(file, *tokenizer);
  model->is_chat_ = file.metadata.has("tokenizer.chat_template");
  model->tokenizer_ = std::move(tokenizer);
  model->chat_template_ = std::move(chat_template);
  model->tool_call_format_ = &tool_call_format_of(source);
  return std::shared_ptr<const Model>(model);
}

}  // namespace understudy
