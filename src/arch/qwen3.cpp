// qwen3: Qwen 3 (dense). As llama, with a norm on every query and key head before rope over split halves, and
// heads whose width does not follow from the model's. Source: transformers modeling_qwen3; GGUF names of
// llama.cpp's converter.
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
    auto attention = load_attention(load, i, sizes, kv, rope);
    load_head_norms(load, i, sizes, *attention);
    parts.blocks.push_back(std::move(attention));
    parts.blocks.push_back(load_mlp(load, i, sizes));
  }
  parts.norm = load.norm("output_norm.weight", sizes.width, sizes.eps);
  parts.head = load_head(load, sizes, parts);
  return parts;
}

const RegisterArchitecture kQwen3("qwen3", build);

}  // namespace
}  // namespace understudy
