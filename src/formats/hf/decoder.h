// What the configs and checkpoints of most decoder families share (HfFamily). A family takes these and says
// where it differs.
#pragma once

#include <span>

#include "formats/hf/family.h"

namespace understudy {

// Where families differ in their sizes; the fallbacks are transformers' for keys that a config leaves out.
struct HfDecoderKeys {
  std::string_view epsilon = "rms_norm_eps";
  int64_t head_width = 0;  // 0: hidden_size / num_attention_heads
  bool tied = false;
};

// hidden_size, num_hidden_layers, intermediate_size, num_attention_heads, num_key_value_heads, head_dim,
// max_position_embeddings, the epsilon, tie_word_embeddings. Returns the width of a head (at least 1).
int64_t translate_hf_decoder(HfConfig& config, HfKeys& keys, const HfDecoderKeys& names = {});

// Of rope_parameters, or the older rope_theta and rope_scaling: type default, linear or llama3 (whose factors
// become rope_freqs.weight); others are unsupported.
void translate_hf_rope(HfConfig& config, HfKeys& keys, int64_t head_width, double default_theta);
// The same of one dictionary with rope_type, rope_theta and what the type needs.
void translate_hf_rope_parameters(HfConfig& parameters, HfKeys& keys, int64_t head_width,
                                  double default_theta);

// Embedding, final norm, head, attention and gated MLP under their usual names, then `more`.
std::vector<HfTensor> hf_decoder_tensors(std::span<const HfTensor> more);
// The same with q and k interleaved: for architectures whose rope turns adjacent pairs.
std::vector<HfTensor> hf_interleaved(std::vector<HfTensor> tensors);
// The norms of a pre-norm block: before attention and before the MLP.
std::vector<HfTensor> hf_pre_norm_tensors();

}  // namespace understudy
