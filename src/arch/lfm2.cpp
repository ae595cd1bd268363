// lfm2: LFM2 and LFM2.5 dense models. Most layers mix tokens by a gated short convolution; those whose
// attention.head_count_kv is not 0 by grouped attention with normed query and key heads. SwiGLU everywhere.
// Source: transformers modeling_lfm2; GGUF names of llama.cpp's converter (token_embd_norm is the final
// norm).
#include "arch/architecture.h"
#include "arch/transformer.h"
#include "blocks/short_conv_block.h"

namespace understudy {
namespace {

std::unique_ptr<ShortConvBlock> load_short_conv(Loader& load, int layer, const TransformerSizes& sizes,
                                                int taps) {
  auto block = std::make_unique<ShortConvBlock>();
  block->norm = load.norm(layer_tensor(layer, "attn_norm.weight"), sizes.width, sizes.eps);
  block->in = load.linear(layer_tensor(layer, "shortconv.in_proj"), 3 * sizes.width, sizes.width);
  block->taps = load.matrix(layer_tensor(layer, "shortconv.conv.weight"), sizes.width, taps);
  block->length = taps;
  block->out = load.linear(layer_tensor(layer, "shortconv.out_proj"), sizes.width, sizes.width);
  return block;
}

DecoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load);
  const std::vector<int> kv_heads_of = load.integers("attention.head_count_kv", sizes.layers, 0, sizes.heads);
  const int taps = load.integer("shortconv.l_cache", 2, 64);
  const Rope rope = standard_rope(load, sizes.head_width, RopePairs::split);

  DecoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  for (int i = 0; i < sizes.layers && load.ok(); i++) {
    if (const int kv = kv_heads_of[static_cast<size_t>(i)]; kv > 0) {
      check_kv_heads(load, sizes.heads, kv);
      auto attention = load_attention(load, i, sizes, kv, rope);
      load_head_norms(load, i, sizes, *attention);
      parts.blocks.push_back(std::move(attention));
    } else {
      parts.blocks.push_back(load_short_conv(load, i, sizes, taps));
    }
    parts.blocks.push_back(load_mlp(load, i, sizes));
  }
  parts.norm = load.norm("token_embd_norm.weight", sizes.width, sizes.eps);
  parts.head = load_head(load, sizes, parts);
  return parts;
}

const RegisterArchitecture kLfm2("lfm2", build);

}  // namespace
}  // namespace understudy
