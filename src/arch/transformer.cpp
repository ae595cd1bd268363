#include "arch/transformer.h"

#include <fmt/format.h>

#include <cmath>

namespace understudy {

namespace {
constexpr int kMaxLayers = 1024, kMaxWidth = 1 << 16, kMaxHeads = 1024, kMaxFfWidth = 1 << 20;
}

TransformerSizes transformer_sizes(Loader& load, std::string_view epsilon_key) {
  TransformerSizes sizes{};
  sizes.layers = load.integer("block_count", 1, kMaxLayers);
  sizes.width = load.integer("embedding_length", 32, kMaxWidth);
  sizes.heads = load.integer("attention.head_count", 1, kMaxHeads);
  sizes.head_width = load.integer_or("attention.key_length", 16, kMaxHeadWidth, sizes.width / sizes.heads);
  sizes.ff_width = load.integer("feed_forward_length", 32, kMaxFfWidth);
  sizes.eps = load.real(epsilon_key);
  if (sizes.head_width % 16 != 0 || sizes.head_width > kMaxHeadWidth || sizes.head_width == 0) {
    load.fail(ErrorCode::unsupported, "attention.key_length",
              fmt::format("a multiple of 16 up to {} (embedding_length / attention.head_count by default)",
                          kMaxHeadWidth),
              std::to_string(sizes.head_width));
  }
  const int value_width = load.integer_or("attention.value_length", 1, kMaxWidth, sizes.head_width);
  if (value_width != sizes.head_width) {
    load.fail(ErrorCode::unsupported, "attention.value_length",
              fmt::format("{}, as attention.key_length", sizes.head_width), std::to_string(value_width));
  }
  return sizes;
}

void check_kv_heads(Loader& load, int heads, int kv_heads) {
  if (kv_heads < 1 || heads % kv_heads != 0) {
    load.fail(ErrorCode::corrupt, "attention.head_count_kv",
              fmt::format("a divisor of attention.head_count ({})", heads), std::to_string(kv_heads));
  }
}

int kv_heads(Loader& load, int heads) {
  int kv = load.integer_or("attention.head_count_kv", 1, kMaxHeads, heads);
  check_kv_heads(load, heads, kv);
  return kv;
}

Rope standard_rope(Loader& load, int head_width, RopePairs pairs) {
  int dims = load.integer_or("rope.dimension_count", 2, head_width, head_width);
  if (dims % 2 != 0)
    load.fail(ErrorCode::corrupt, "rope.dimension_count", "an even number", std::to_string(dims));
  float theta = load.real_or("rope.freq_base", 10000.0f);
  std::string scaling = load.text_or("rope.scaling.type", "none");
  float scale = 1.0f;
  if (scaling == "linear") {
    scale = load.real("rope.scaling.factor");
  } else if (scaling != "none") {
    load.fail(ErrorCode::unsupported, "rope.scaling.type", "none or linear", scaling);
  }
  std::vector<float> factors;
  if (load.has_tensor("rope_freqs.weight")) factors = load.vector("rope_freqs.weight", dims / 2);
  return Rope::make(dims, theta, pairs, factors, scale);
}

std::string layer_tensor(int layer, std::string_view name) { return fmt::format("blk.{}.{}", layer, name); }

std::unique_ptr<AttentionBlock> load_attention(Loader& load, int layer, const TransformerSizes& sizes,
                                               int kv_heads, const Rope& rope, Loader::Bias qkv_bias) {
  const int q_width = sizes.heads * sizes.head_width, kv_width = kv_heads * sizes.head_width;
  auto block = std::make_unique<AttentionBlock>();
  block->norm = load.norm(layer_tensor(layer, "attn_norm.weight"), sizes.width, sizes.eps);
  block->q = load.linear(layer_tensor(layer, "attn_q"), q_width, sizes.width, qkv_bias);
  block->k = load.linear(layer_tensor(layer, "attn_k"), kv_width, sizes.width, qkv_bias);
  block->v = load.linear(layer_tensor(layer, "attn_v"), kv_width, sizes.width, qkv_bias);
  block->o = load.linear(layer_tensor(layer, "attn_output"), sizes.width, q_width);
  block->rope = rope;
  block->shape = {.heads = sizes.heads,
                  .kv_heads = kv_heads,
                  .head_width = sizes.head_width,
                  .kv = load.kv_type(),
                  .scale = 1.0f / std::sqrt(static_cast<float>(sizes.head_width))};
  return block;
}

void load_head_norms(Loader& load, int layer, const TransformerSizes& sizes, AttentionBlock& attention) {
  attention.q_norm = load.norm(layer_tensor(layer, "attn_q_norm.weight"), sizes.head_width, sizes.eps);
  attention.k_norm = load.norm(layer_tensor(layer, "attn_k_norm.weight"), sizes.head_width, sizes.eps);
}

std::unique_ptr<MlpBlock> load_mlp(Loader& load, int layer, const TransformerSizes& sizes) {
  auto block = std::make_unique<MlpBlock>();
  block->norm = load.norm(layer_tensor(layer, "ffn_norm.weight"), sizes.width, sizes.eps);
  block->gate = load.linear(layer_tensor(layer, "ffn_gate"), sizes.ff_width, sizes.width);
  block->up = load.linear(layer_tensor(layer, "ffn_up"), sizes.ff_width, sizes.width);
  block->down = load.linear(layer_tensor(layer, "ffn_down"), sizes.width, sizes.ff_width);
  return block;
}

std::shared_ptr<const Linear> load_head(Loader& load, const TransformerSizes& sizes,
                                        const DecoderParts& parts) {
  return load.has_tensor("output.weight") ? load.table("output.weight", sizes.width) : parts.embedding;
}

}  // namespace understudy
