// qwen2: Qwen 2 and 2.5, R1-distill-Qwen. As llama, with biases on q, k and v, and rope over split halves.
// Source: transformers modeling_qwen2; GGUF names of llama.cpp's converter.
#include "arch/architecture.h"
#include "arch/transformer.h"

namespace understudy {
namespace {

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

const RegisterArchitecture kQwen2("qwen2", build);

}  // namespace
}  // namespace understudy
