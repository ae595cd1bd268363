// llama: Llama 2 and 3.x, SmolLM2, R1-distill-Llama. Pre-norm, grouped query heads, SwiGLU; rope turns
// adjacent pairs (the converter permutes q and k for it), Llama 3.1+ scales its frequencies by
// rope_freqs.weight. Source: transformers modeling_llama; GGUF names of llama.cpp's converter.
#include "arch/architecture.h"
#include "arch/transformer.h"
#include "formats/hf/decoder.h"

namespace understudy {
namespace {

constexpr double kDefaultTheta = 10000;

DecoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load);
  const int kv = kv_heads(load, sizes.heads);
  const Rope rope = standard_rope(load, sizes.head_width, RopePairs::adjacent);
  const int experts = load.integer_or("expert_count", 0, 1 << 16, 0);
  if (experts > 0)
    load.fail(ErrorCode::unsupported, "expert_count", "0 (no mixture of experts)", std::to_string(experts));

  DecoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  for (int i = 0; i < sizes.layers && load.ok(); i++) {
    parts.blocks.push_back(load_attention(load, i, sizes, kv, rope, Loader::Bias::optional));
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
  config.expect_flag("attention_bias", false);
  config.expect_flag("mlp_bias", false);
}

const RegisterArchitecture kLlama("llama", build);
const RegisterHfFamily kHfLlama({"llama", "llama", hf_interleaved(hf_decoder_tensors(hf_pre_norm_tensors())),
                                 translate});

}  // namespace
}  // namespace understudy
