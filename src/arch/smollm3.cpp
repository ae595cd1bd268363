// smollm3: SmolLM3. As llama, but every fourth layer knows no positions (NoPE). Source: transformers
// modeling_smollm3; GGUF names of llama.cpp's converter.
#include "arch/architecture.h"
#include "arch/transformer.h"
#include "formats/hf/decoder.h"

namespace understudy {
namespace {

constexpr int kNoRopeEvery = 4;  // no_rope_layer_interval; GGUF files do not say it
constexpr double kDefaultTheta = 2e6;

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

// no_rope_layers has a 0 for each layer that knows no positions.
void expect_rope_layers(HfConfig& config) {
  if (!config.has("no_rope_layers")) {
    if (config.integer_or("no_rope_layer_interval", kNoRopeEvery) != kNoRopeEvery)
      config.fail(ErrorCode::unsupported, "no_rope_layer_interval", std::to_string(kNoRopeEvery), "another");
    return;
  }
  const std::vector<int64_t> turns = config.integers("no_rope_layers");
  for (size_t i = 0; i < turns.size(); i++) {
    const bool expected = (i + 1) % kNoRopeEvery != 0;
    if ((turns[i] != 0) == expected) continue;
    config.fail(ErrorCode::unsupported, "no_rope_layers", "0 in every fourth layer",
                std::to_string(turns[i]) + " in layer " + std::to_string(i));
  }
}

void translate(HfConfig& config, HfKeys& keys) {
  const int64_t head_width = translate_hf_decoder(config, keys, {.tied = true});
  translate_hf_rope(config, keys, head_width, kDefaultTheta);
  expect_rope_layers(config);
  config.expect_text("hidden_act", {"silu"});
  config.expect_flag("attention_bias", false);
  config.expect_flag("mlp_bias", false);
  config.expect_flag("use_sliding_window", false);
}

const RegisterArchitecture kSmolLm3("smollm3", build);
const RegisterHfFamily kHfSmolLm3({"smollm3", "smollm3",
                                   hf_interleaved(hf_decoder_tensors(hf_pre_norm_tensors())), translate});

}  // namespace
}  // namespace understudy
