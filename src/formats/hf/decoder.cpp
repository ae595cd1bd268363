#include "formats/hf/decoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "formats/limits.h"

namespace understudy {

namespace {

constexpr int64_t kMaxHeadWidth = 1 << 16;  // bounds the table of factors

constexpr HfTensor kDecoderTensors[] = {
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
    {"model.layers.*.self_attn.q_proj.weight", "blk.*.attn_q.weight"},
    {"model.layers.*.self_attn.k_proj.weight", "blk.*.attn_k.weight"},
    {"model.layers.*.self_attn.v_proj.weight", "blk.*.attn_v.weight"},
    {"model.layers.*.self_attn.o_proj.weight", "blk.*.attn_output.weight"},
    {"model.layers.*.mlp.gate_proj.weight", "blk.*.ffn_gate.weight"},
    {"model.layers.*.mlp.up_proj.weight", "blk.*.ffn_up.weight"},
    {"model.layers.*.mlp.down_proj.weight", "blk.*.ffn_down.weight"},
    // Buffers that older versions of transformers saved.
    {"model.layers.*.self_attn.rotary_emb.inv_freq", ""},
    {"model.rotary_emb.inv_freq", ""},
};

// What each frequency is divided by: 1 for wavelengths that fit the original context often, `factor` for
// those that do not fit it, blended between. transformers, modeling_rope_utils.py,
// _compute_llama3_parameters.
std::vector<float> llama3_factors(HfConfig& parameters, int64_t head_width, double theta) {
  const double factor = parameters.real("factor"), low = parameters.real("low_freq_factor"),
               high = parameters.real("high_freq_factor"),
               context = parameters.real("original_max_position_embeddings");
  if (parameters.ok() && !(factor > 0 && low > 0 && high > low && context > 0)) {
    parameters.fail(ErrorCode::corrupt, "factor", "positive numbers, low_freq_factor below high_freq_factor",
                    "others");
  }
  std::vector<float> factors;
  if (!parameters.ok()) return factors;
  for (int64_t i = 0; i + 1 < head_width; i += 2) {
    const double wavelength =
        2 * std::numbers::pi * std::pow(theta, static_cast<double>(i) / static_cast<double>(head_width));
    const double smooth = std::clamp((context / wavelength - low) / (high - low), 0.0, 1.0);
    factors.push_back(static_cast<float>(1 / ((1 - smooth) / factor + smooth)));
  }
  return factors;
}

}  // namespace

int64_t translate_hf_decoder(HfConfig& config, HfKeys& keys, const HfDecoderKeys& names) {
  const int64_t width = config.integer("hidden_size"), heads = config.integer("num_attention_heads");
  const int64_t layers = config.integer("num_hidden_layers");
  int64_t head_width = config.integer_or("head_dim", names.head_width);
  if (head_width == 0 && heads > 0) head_width = width / heads;
  if (head_width < 1 || head_width > kMaxHeadWidth) {
    config.fail(ErrorCode::corrupt, "head_dim", "1 to 65536", std::to_string(head_width));
    head_width = 1;
  }
  if (layers < 1 || layers > kMaxHfLayers) {
    config.fail(ErrorCode::corrupt, "num_hidden_layers", "1 to " + std::to_string(kMaxHfLayers),
                std::to_string(layers));
  }
  keys.set("embedding_length", width);
  keys.set("block_count", layers);
  keys.set("feed_forward_length", config.integer("intermediate_size"));
  keys.set("attention.head_count", heads);
  keys.set("attention.head_count_kv", config.integer_or("num_key_value_heads", heads));
  keys.set("attention.key_length", head_width);
  keys.set("attention.value_length", head_width);
  keys.set("attention.layer_norm_rms_epsilon", config.real(names.epsilon));
  if (config.has("max_position_embeddings"))
    keys.set("context_length", config.integer("max_position_embeddings"));
  keys.set_tied(config.flag_or("tie_word_embeddings", names.tied));
  return head_width;
}

void translate_hf_rope(HfConfig& config, HfKeys& keys, int64_t head_width, double default_theta) {
  const double theta = config.real_or("rope_theta", default_theta);
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (auto parameters = config.object(key))
      return translate_hf_rope_parameters(*parameters, keys, head_width, theta);
  }
  keys.set("rope.freq_base", theta);
}

void translate_hf_rope_parameters(HfConfig& parameters, HfKeys& keys, int64_t head_width,
                                  double default_theta) {
  const double theta = parameters.real_or("rope_theta", default_theta);
  keys.set("rope.freq_base", theta);
  const char* type_key = parameters.has("rope_type") ? "rope_type" : "type";  // older configs: type
  parameters.expect_text(type_key, {"default", "linear", "llama3"});
  if (parameters.real_or("partial_rotary_factor", 1) != 1) parameters.expect_absent("partial_rotary_factor");
  const std::string type = parameters.text_or(type_key, "default");
  if (type == "linear") {
    keys.set("rope.scaling.type", "linear");
    keys.set("rope.scaling.factor", parameters.real("factor"));
  } else if (type == "llama3") {
    keys.add_tensor("rope_freqs.weight", llama3_factors(parameters, head_width, theta));
  }
}

std::vector<HfTensor> hf_decoder_tensors(std::span<const HfTensor> more) {
  std::vector<HfTensor> tensors(std::begin(kDecoderTensors), std::end(kDecoderTensors));
  tensors.insert(tensors.end(), more.begin(), more.end());
  return tensors;
}

std::vector<HfTensor> hf_interleaved(std::vector<HfTensor> tensors) {
  for (HfTensor& tensor : tensors) {
    if (tensor.neutral == "blk.*.attn_q.weight" || tensor.neutral == "blk.*.attn_k.weight")
      tensor.transform = HfTransform::interleave;
  }
  return tensors;
}

std::vector<HfTensor> hf_pre_norm_tensors() {
  return {{"model.layers.*.input_layernorm.weight", "blk.*.attn_norm.weight"},
          {"model.layers.*.post_attention_layernorm.weight", "blk.*.ffn_norm.weight"}};
}

}  // namespace understudy
