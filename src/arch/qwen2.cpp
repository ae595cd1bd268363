// qwen2: Qwen 2 and 2.5, R1-distill-Qwen. As llama, with biases on q, k and v, and rope over split halves.
// Source: transformers modeling_qwen2; GGUF names of llama.cpp's converter.
#include "arch/architecture.h"
#include "arch/transformer.h"
#include "formats/hf/decoder.h"

namespace understudy {
namespace {

constexpr double kDefaultTheta = 10000;

DecoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load);
  const int kv = kv_heads(load, sizes.heads);
  const Rope rope = standard_rope(load, sizes.head_width, RopePairs::split);

  DecoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  for (int i = 0; i < sizes.layers && load.ok(); i++) {
    parts.blocks.push_back(load_attention(load, i, sizes, kv, rope, Loader::Bias::required));
    parts.blocks.push_back(load_mlp(load, i, sizes));
  }
  parts.norm = load.norm("output_norm.weight", sizes.width, sizes.eps);
  parts.head = load_head(load, sizes, parts);
  return parts;
}

void translate(HfConfig& config, HfKeys& keys) {
  const int64_t head_width = translate_hf_decoder(config, keys);
  translate_hf_rope(config, keys, head_width, kDefaultTheta);
  config.expect_text("hidden_act", {"silu"});
  config.expect_flag("use_sliding_window", false);
}

std::vector<HfTensor> hf_tensors() {
  std::vector<HfTensor> tensors = hf_pre_norm_tensors();
  tensors.push_back({"model.layers.*.self_attn.q_proj.bias", "blk.*.attn_q.bias"});
  tensors.push_back({"model.layers.*.self_attn.k_proj.bias", "blk.*.attn_k.bias"});
  tensors.push_back({"model.layers.*.self_attn.v_proj.bias", "blk.*.attn_v.bias"});
  return hf_decoder_tensors(tensors);
}

const RegisterArchitecture kQwen2("qwen2", build);
const RegisterHfFamily kHfQwen2({"qwen2", "qwen2", hf_tensors(), translate});

}  // namespace
}  // namespace understudy
