// gemma3: Gemma 3 text models. Norms before and after both branches and on each query and key head, GeGLU,
// embeddings scaled by sqrt(C); five of six layers see only a window and turn with their own rope base. GGUF
// norm weights have the family's +1 folded in. Source: transformers modeling_gemma3; GGUF names of
// llama.cpp's converter.
#include <algorithm>
#include <cmath>

#include "arch/architecture.h"
#include "arch/transformer.h"
#include "formats/hf/decoder.h"

namespace understudy {
namespace {

constexpr int kLayersOf27B = 62;  // the one size that scales scores by C / H instead of the head width
constexpr int kGlobalEvery = 6;   // most files do not say it
constexpr float kLocalTheta = 10000.0f;
// What transformers takes for keys that a config leaves out.
constexpr double kGlobalTheta = 1e6;
constexpr int64_t kDefaultHeadWidth = 256;

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

// layer_types as one number: every how many layers there is a global one.
int64_t global_every(HfConfig& config) {
  const char* pattern =
      config.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern";
  if (!config.has("layer_types")) return config.integer_or(pattern, kGlobalEvery);
  const std::vector<std::string> types = config.texts("layer_types");
  const auto first = std::find(types.begin(), types.end(), "full_attention") - types.begin();
  const auto every = static_cast<size_t>(first) + 1;
  for (size_t i = 0; i < types.size(); i++) {
    const char* expected = (i + 1) % every == 0 ? "full_attention" : "sliding_attention";
    if (types[i] == expected) continue;
    config.fail(ErrorCode::unsupported, "layer_types",
                std::string(expected) + " in layer " + std::to_string(i), types[i]);
  }
  return static_cast<int64_t>(every);
}

void translate_ropes(HfConfig& config, HfKeys& keys, int64_t head_width) {
  auto parameters = config.object("rope_parameters");
  if (!parameters) {  // as older versions of transformers wrote it
    translate_hf_rope(config, keys, head_width, kGlobalTheta);
    keys.set("rope.freq_base_swa", config.real_or("rope_local_base_freq", kLocalTheta));
    return;
  }
  keys.set("rope.freq_base", kGlobalTheta);
  if (auto global = parameters->object("full_attention"))
    translate_hf_rope_parameters(*global, keys, head_width, kGlobalTheta);
  keys.set("rope.freq_base_swa", double{kLocalTheta});
  if (auto local = parameters->object("sliding_attention")) {
    local->expect_text("rope_type", {"default"});
    keys.set("rope.freq_base_swa", local->real_or("rope_theta", kLocalTheta));
  }
}

void translate(HfConfig& config, HfKeys& keys) {
  const int64_t head_width =
      translate_hf_decoder(config, keys, {.head_width = kDefaultHeadWidth, .tied = true});
  translate_ropes(config, keys, head_width);
  keys.set("attention.sliding_window", config.integer("sliding_window"));
  keys.set("attention.sliding_window_pattern", global_every(config));
  config.expect_text("hidden_activation", {"gelu_pytorch_tanh"});
  config.expect_flag("attention_bias", false);
  config.expect_flag("use_bidirectional_attention", false);
  config.expect_absent("attn_logit_softcapping");
  config.expect_absent("final_logit_softcapping");
  const int64_t layers = config.integer("num_hidden_layers"), heads = config.integer("num_attention_heads");
  const int64_t scalar =
      layers == kLayersOf27B && heads > 0 ? config.integer("hidden_size") / heads : head_width;
  if (config.integer_or("query_pre_attn_scalar", scalar) != scalar) {
    config.fail(ErrorCode::unsupported, "query_pre_attn_scalar", std::to_string(scalar),
                std::to_string(config.integer("query_pre_attn_scalar")));
  }
}

std::vector<HfTensor> hf_tensors() {
  constexpr auto kAddOne = HfTransform::add_one;
  constexpr HfTensor kNorms[] = {
      {"model.layers.*.input_layernorm.weight", "blk.*.attn_norm.weight", kAddOne},
      {"model.layers.*.post_attention_layernorm.weight", "blk.*.post_attention_norm.weight", kAddOne},
      {"model.layers.*.pre_feedforward_layernorm.weight", "blk.*.ffn_norm.weight", kAddOne},
      {"model.layers.*.post_feedforward_layernorm.weight", "blk.*.post_ffw_norm.weight", kAddOne},
      {"model.layers.*.self_attn.q_norm.weight", "blk.*.attn_q_norm.weight", kAddOne},
      {"model.layers.*.self_attn.k_norm.weight", "blk.*.attn_k_norm.weight", kAddOne},
  };
  std::vector<HfTensor> tensors = hf_decoder_tensors(kNorms);
  for (HfTensor& tensor : tensors) {
    if (tensor.neutral == "output_norm.weight") tensor.transform = kAddOne;
  }
  return tensors;
}

const RegisterArchitecture kGemma3("gemma3", build);
const RegisterHfFamily kHfGemma3({"gemma3_text", "gemma3", hf_tensors(), translate});

}  // namespace
}  // namespace understudy
