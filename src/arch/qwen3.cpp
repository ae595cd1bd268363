// qwen3: Qwen 3 (dense). As llama, with a norm on every query and key head before rope over split halves, and
// heads whose width does not follow from the model's. Source: transformers modeling_qwen3; GGUF names of
// llama.cpp's converter.
#include "arch/architecture.h"
#include "arch/transformer.h"
#include "formats/hf/decoder.h"

namespace understudy {
namespace {

// What transformers takes for keys that a config leaves out.
constexpr double kDefaultTheta = 10000;
constexpr int64_t kDefaultHeadWidth = 128;

DecoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load);
  const int kv = kv_heads(load, sizes.heads);
  const Rope rope = standard_rope(load, sizes.head_width, RopePairs::split);

  DecoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  for (int i = 0; i < sizes.layers && load.ok(); i++) {
    auto attention = load_attention(load, i, sizes, kv, rope);
    load_head_norms(load, i, sizes, *attention);
    parts.blocks.push_back(std::move(attention));
    parts.blocks.push_back(load_mlp(load, i, sizes));
  }
  parts.norm = load.norm("output_norm.weight", sizes.width, sizes.eps);
  parts.head = load_head(load, sizes, parts);
  return parts;
}

void translate(HfConfig& config, HfKeys& keys) {
  const int64_t head_width = translate_hf_decoder(config, keys, {.head_width = kDefaultHeadWidth});
  translate_hf_rope(config, keys, head_width, kDefaultTheta);
  config.expect_text("hidden_act", {"silu"});
  config.expect_flag("attention_bias", false);
  config.expect_flag("use_sliding_window", false);
}

std::vector<HfTensor> hf_tensors() {
  std::vector<HfTensor> tensors = hf_pre_norm_tensors();
  tensors.push_back({"model.layers.*.self_attn.q_norm.weight", "blk.*.attn_q_norm.weight"});
  tensors.push_back({"model.layers.*.self_attn.k_norm.weight", "blk.*.attn_k_norm.weight"});
  return hf_decoder_tensors(tensors);
}

const RegisterArchitecture kQwen3("qwen3", build);
const RegisterHfFamily kHfQwen3({"qwen3", "qwen3", hf_tensors(), translate});

}  // namespace
}  // namespace understudy
