// bert: BERT encoders for embeddings (all-MiniLM, e5, bge). Norms behind the residual sums, learned
// positions, biases everywhere. Source: transformers modeling_bert; GGUF names of llama.cpp's converter.
#include <cmath>

#include "arch/architecture.h"
#include "arch/transformer.h"

namespace understudy {
namespace {

constexpr int kMaxPositions = 1 << 16;
constexpr int kMeanPooling = 1, kFirstPooling = 2;  // llama.cpp's numbers of bert.pooling_type

std::unique_ptr<EncoderBlock> load_block(Loader& load, int layer, const TransformerSizes& sizes) {
  const auto dense = [&](const char* name, int n, int k) {
    return load.linear(layer_tensor(layer, name), n, k, Loader::Bias::required);
  };
  auto block = std::make_unique<EncoderBlock>();
  block->q = dense("attn_q", sizes.width, sizes.width);
  block->k = dense("attn_k", sizes.width, sizes.width);
  block->v = dense("attn_v", sizes.width, sizes.width);
  block->o = dense("attn_output", sizes.width, sizes.width);
  block->attention_norm = load.layer_norm(layer_tensor(layer, "attn_output_norm"), sizes.width, sizes.eps);
  block->up = dense("ffn_up", sizes.ff_width, sizes.width);
  block->down = dense("ffn_down", sizes.width, sizes.ff_width);
  block->mlp_norm = load.layer_norm(layer_tensor(layer, "layer_output_norm"), sizes.width, sizes.eps);
  block->shape = {.heads = sizes.heads,
                  .kv_heads = sizes.heads,
                  .head_width = sizes.head_width,
                  .causal = false,
                  .scale = 1.0f / std::sqrt(static_cast<float>(sizes.head_width))};
  return block;
}

EncoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load, "attention.layer_norm_epsilon");
  const int positions = load.integer("context_length", 1, kMaxPositions);
  const int pooling = load.integer_or("pooling_type", kMeanPooling, kFirstPooling, kMeanPooling);
  if (sizes.heads * sizes.head_width != sizes.width) {
    load.fail({ErrorCode::unsupported, "heads that do not fill the model's width",
               "bert.attention.head_count", ""});
  }

  EncoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  parts.positions = load.matrix("position_embd.weight", positions, sizes.width);
  const int types = load.rows_of("token_types.weight");
  parts.token_type = load.matrix("token_types.weight", types, sizes.width);
  parts.token_type.resize(static_cast<size_t>(sizes.width));
  parts.embedding_norm = load.layer_norm("token_embd_norm", sizes.width, sizes.eps);
  for (int i = 0; i < sizes.layers && load.ok(); i++) parts.blocks.push_back(load_block(load, i, sizes));
  parts.pooling = pooling == kFirstPooling ? Pooling::first : Pooling::mean;
  return parts;
}

const RegisterArchitecture kBert("bert", build);

}  // namespace
}  // namespace understudy
