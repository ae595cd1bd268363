// gemma3: Gemma 3 text models. Norms before and after both branches and on each query and key head, GeGLU,
// embeddings scaled by sqrt(C); five of six layers see only a window and turn with their own rope base. GGUF
// norm weights have the family's +1 folded in. Source: transformers modeling_gemma3; GGUF names of
// llama.cpp's converter.
#include <cmath>

#include "arch/architecture.h"
#include "arch/transformer.h"

namespace understudy {
namespace {

constexpr int kLayersOf27B = 62;  // the one size that scales scores by C / H instead of the head width
constexpr int kGlobalEvery = 6;   // most files do not say it
constexpr float kLocalTheta = 10000.0f;

DecoderParts build(Loader& load) {
  const TransformerSizes sizes = transformer_sizes(load);
  const int kv = kv_heads(load, sizes.heads);
  const int window = load.integer("attention.sliding_window", 1, 1 << 20);
  const int global_every = load.integer_or("attention.sliding_window_pattern", 1, 1024, kGlobalEvery);
  const Rope global = standard_rope(load, sizes.head_width, RopePairs::split);
  const Rope local =
      Rope::make(sizes.head_width, load.real_or("rope.freq_base_swa", kLocalTheta), RopePairs::split);

  DecoderParts parts;
  parts.embedding = load.table("token_embd.weight", sizes.width);
  parts.embedding_scale = std::sqrt(static_cast<float>(sizes.width));
  for (int i = 0; i < sizes.layers && load.ok(); i++) {
    const bool is_global = (i + 1) % global_every == 0;
    auto attention = load_attention(load, i, sizes, kv, is_global ? global : local);
    load_head_norms(load, i, sizes, *attention);
    attention->post_norm = load.norm(layer_tensor(i, "post_attention_norm.weight"), sizes.width, sizes.eps);
    attention->shape.window = is_global ? 0 : window;
    if (sizes.layers == kLayersOf27B) {
      attention->shape.scale = std::sqrt(static_cast<float>(sizes.heads) / static_cast<float>(sizes.width));
    }
    parts.blocks.push_back(std::move(attention));

    auto mlp = load_mlp(load, i, sizes);
    mlp->activation = Activation::gelu_tanh;
    mlp->post_norm = load.norm(layer_tensor(i, "post_ffw_norm.weight"), sizes.width, sizes.eps);
    parts.blocks.push_back(std::move(mlp));
  }
  parts.norm = load.norm("output_norm.weight", sizes.width, sizes.eps);
  parts.head = load_head(load, sizes, parts);
  return parts;
}

const RegisterArchitecture kGemma3("gemma3", build);

}  // namespace
}  // namespace understudy
