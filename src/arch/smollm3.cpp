// smollm3: SmolLM3. As llama, but every fourth layer knows no positions (NoPE). Source: transformers
// modeling_smollm3; GGUF names of llama.cpp's converter.
#include "arch/architecture.h"
#include "arch/transformer.h"

namespace understudy {
namespace {

constexpr int kNoRopeEvery = 4;  // no_rope_layer_interval; GGUF files do not say it

DecoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load);
  const int kv = kv_heads(load, sizes.heads);
  const Rope rope = standard_rope(load, sizes.head_width, RopePairs::adjacent), none;

  DecoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  for (int i = 0; i < sizes.layers && load.ok(); i++) {
    const bool turns = (i + 1) % kNoRopeEvery != 0;
    parts.blocks.push_back(load_attention(load, i, sizes, kv, turns ? rope : none));
    parts.blocks.push_back(load_mlp(load, i, sizes));
  }
  parts.norm = load.norm("output_norm.weight", sizes.width, sizes.eps);
  parts.head = load_head(load, sizes, parts);
  return parts;
}

const RegisterArchitecture kSmolLm3("smollm3", build);

}  // namespace
}  // namespace understudy
