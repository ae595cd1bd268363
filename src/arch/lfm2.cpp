// lfm2: LFM2 and LFM2.5 dense models. Most layers mix tokens by a gated short convolution; those whose
// attention.head_count_kv is not 0 by grouped attention with normed query and key heads. SwiGLU everywhere.
// Source: transformers modeling_lfm2; GGUF names of llama.cpp's converter (token_embd_norm is the final
// norm).
#include <algorithm>

#include "arch/architecture.h"
#include "arch/transformer.h"
#include "base/checked.h"
#include "blocks/short_conv_block.h"
#include "formats/hf/decoder.h"

namespace understudy {
namespace {

constexpr double kDefaultTheta = 1e6;
constexpr int64_t kMaxLayers = 1024;

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

// intermediate_size is the width of an MLP without gate; with block_auto_adjust_ff_dim, that of the gated one
// of about as many weights follows from it.
int64_t ff_width(HfConfig& config) {
  const int64_t width = config.integer(config.has("block_ff_dim") ? "block_ff_dim" : "intermediate_size");
  if (!config.flag_or("block_auto_adjust_ff_dim", true)) return width;
  const int64_t multiple = std::max<int64_t>(1, config.integer_or("block_multiple_of", 256));
  const double multiplier = config.real_or("block_ffn_dim_multiplier", 1.0);
  if (!(multiplier > 0 && multiplier < 64)) {
    config.fail(ErrorCode::corrupt, "block_ffn_dim_multiplier", "a number from 0 to 64",
                std::to_string(multiplier));
    return width;
  }
  return round_up(static_cast<int64_t>(multiplier * static_cast<double>(2 * width / 3)), multiple);
}

// The key heads of each layer, 0 in those that mix by convolution.
std::vector<int64_t> kv_heads_of_layers(HfConfig& config) {
  const auto layers =
      static_cast<size_t>(std::clamp<int64_t>(config.integer("num_hidden_layers"), 0, kMaxLayers));
  const int64_t heads = config.integer("num_key_value_heads");
  std::vector<int64_t> kv(layers, 0);
  if (config.has("layer_types")) {
    const std::vector<std::string> types = config.texts("layer_types");
    for (size_t i = 0; i < types.size(); i++) {
      if (types[i] != "conv" && types[i] != "full_attention")
        config.fail(ErrorCode::unsupported, "layer_types", "conv or full_attention", types[i]);
    }
    if (types.size() != layers)
      config.fail(ErrorCode::corrupt, "layer_types", std::to_string(layers) + " layers",
                  std::to_string(types.size()));
    for (size_t i = 0; i < std::min(layers, types.size()); i++) kv[i] = types[i] == "conv" ? 0 : heads;
  } else {
    for (const int64_t i : config.integers("full_attn_idxs")) {
      if (static_cast<size_t>(i) < layers) kv[static_cast<size_t>(i)] = heads;
    }
  }
  return kv;
}

void translate(HfConfig& config, HfKeys& keys) {
  const int64_t head_width = translate_hf_decoder(
      config, keys, {.epsilon = "norm_eps", .tied = config.flag_or("tie_embedding", true)});
  translate_hf_rope(config, keys, head_width, kDefaultTheta);
  keys.set("feed_forward_length", ff_width(config));
  keys.set("attention.head_count_kv", kv_heads_of_layers(config));
  keys.set("shortconv.l_cache", config.integer("conv_L_cache"));
  config.expect_flag("conv_bias", false);
}

std::vector<HfTensor> hf_tensors() {
  return {
      {"model.embed_tokens.weight", "token_embd.weight"},
      {"model.embedding_norm.weight", "token_embd_norm.weight"},
      {"lm_head.weight", "output.weight"},
      {"model.layers.*.operator_norm.weight", "blk.*.attn_norm.weight"},
      {"model.layers.*.self_attn.q_proj.weight", "blk.*.attn_q.weight"},
      {"model.layers.*.self_attn.k_proj.weight", "blk.*.attn_k.weight"},
      {"model.layers.*.self_attn.v_proj.weight", "blk.*.attn_v.weight"},
      {"model.layers.*.self_attn.out_proj.weight", "blk.*.attn_output.weight"},
      {"model.layers.*.self_attn.q_layernorm.weight", "blk.*.attn_q_norm.weight"},
      {"model.layers.*.self_attn.k_layernorm.weight", "blk.*.attn_k_norm.weight"},
      {"model.layers.*.conv.in_proj.weight", "blk.*.shortconv.in_proj.weight"},
      {"model.layers.*.conv.conv.weight", "blk.*.shortconv.conv.weight", HfTransform::drop_unit_axes},
      {"model.layers.*.conv.out_proj.weight", "blk.*.shortconv.out_proj.weight"},
      {"model.layers.*.ffn_norm.weight", "blk.*.ffn_norm.weight"},
      {"model.layers.*.feed_forward.w1.weight", "blk.*.ffn_gate.weight"},
      {"model.layers.*.feed_forward.w3.weight", "blk.*.ffn_up.weight"},
      {"model.layers.*.feed_forward.w2.weight", "blk.*.ffn_down.weight"},
  };
}

const RegisterArchitecture kLfm2("lfm2", build);
const RegisterHfFamily kHfLfm2({"lfm2", "lfm2", hf_tensors(), translate});

}  // namespace
}  // namespace understudy
