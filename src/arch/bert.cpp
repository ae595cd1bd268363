// bert: BERT encoders for embeddings (all-MiniLM, e5, bge). Norms behind the residual sums, learned
// positions, biases everywhere. Source: transformers modeling_bert; GGUF names of llama.cpp's converter.
#include <fmt/format.h>

#include <cmath>

#include "arch/architecture.h"
#include "arch/transformer.h"
#include "formats/hf/family.h"

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
    load.fail(ErrorCode::unsupported, "attention.head_count",
              fmt::format("heads of {} that fill embedding_length ({})", sizes.head_width, sizes.width),
              std::to_string(sizes.heads));
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

void translate(HfConfig& config, HfKeys& keys) {
  keys.set("embedding_length", config.integer("hidden_size"));
  keys.set("block_count", config.integer("num_hidden_layers"));
  keys.set("feed_forward_length", config.integer("intermediate_size"));
  keys.set("attention.head_count", config.integer("num_attention_heads"));
  keys.set("attention.layer_norm_epsilon", config.real("layer_norm_eps"));
  keys.set("context_length", config.integer("max_position_embeddings"));
  keys.set_tied(true);  // an encoder has no head
  config.expect_text("hidden_act", {"gelu"});
  config.expect_text("position_embedding_type", {"absolute"});
  config.expect_flag("is_decoder", false);
}

std::vector<HfTensor> hf_tensors() {
  return {
      {"embeddings.word_embeddings.weight", "token_embd.weight"},
      {"embeddings.position_embeddings.weight", "position_embd.weight"},
      {"embeddings.token_type_embeddings.weight", "token_types.weight"},
      {"embeddings.LayerNorm.weight", "token_embd_norm.weight"},
      {"embeddings.LayerNorm.bias", "token_embd_norm.bias"},
      {"embeddings.position_ids", ""},
      {"encoder.layer.*.attention.self.query.weight", "blk.*.attn_q.weight"},
      {"encoder.layer.*.attention.self.query.bias", "blk.*.attn_q.bias"},
      {"encoder.layer.*.attention.self.key.weight", "blk.*.attn_k.weight"},
      {"encoder.layer.*.attention.self.key.bias", "blk.*.attn_k.bias"},
      {"encoder.layer.*.attention.self.value.weight", "blk.*.attn_v.weight"},
      {"encoder.layer.*.attention.self.value.bias", "blk.*.attn_v.bias"},
      {"encoder.layer.*.attention.output.dense.weight", "blk.*.attn_output.weight"},
      {"encoder.layer.*.attention.output.dense.bias", "blk.*.attn_output.bias"},
      {"encoder.layer.*.attention.output.LayerNorm.weight", "blk.*.attn_output_norm.weight"},
      {"encoder.layer.*.attention.output.LayerNorm.bias", "blk.*.attn_output_norm.bias"},
      {"encoder.layer.*.intermediate.dense.weight", "blk.*.ffn_up.weight"},
      {"encoder.layer.*.intermediate.dense.bias", "blk.*.ffn_up.bias"},
      {"encoder.layer.*.output.dense.weight", "blk.*.ffn_down.weight"},
      {"encoder.layer.*.output.dense.bias", "blk.*.ffn_down.bias"},
      {"encoder.layer.*.output.LayerNorm.weight", "blk.*.layer_output_norm.weight"},
      {"encoder.layer.*.output.LayerNorm.bias", "blk.*.layer_output_norm.bias"},
      // Of BERT's own task; sentence vectors are pooled from the tokens.
      {"pooler.dense.weight", ""},
      {"pooler.dense.bias", ""},
  };
}

const RegisterArchitecture kBert("bert", build);
const RegisterHfFamily kHfBert({"bert", "bert", hf_tensors(), translate});

}  // namespace
}  // namespace understudy
