// What most decoder families share: sizes with their limits, the rope of a config, and blocks under their
// usual names. A family takes these and says where it differs.
#pragma once

#include "arch/loader.h"
#include "blocks/attention_block.h"
#include "blocks/mlp_block.h"
#include "ops/rope.h"

namespace understudy {

struct TransformerSizes {
  int layers, width, heads, head_width, ff_width;  // L, C, H, D, F
  float eps;
};

// block_count, embedding_length, attention.head_count, attention.key_length (or C / H), feed_forward_length,
// the norm's epsilon. Refuses head widths the attention kernel cannot do.
TransformerSizes transformer_sizes(Loader& load,
                                   std::string_view epsilon_key = "attention.layer_norm_rms_epsilon");

// attention.head_count_kv of a model with the same number in every layer, dividing H.
int kv_heads(Loader& load, int heads);
void check_kv_heads(Loader& load, int heads, int kv_heads);

// rope.dimension_count, rope.freq_base, rope.scaling (none or linear), rope_freqs.weight. Anything else is
// refused.
Rope standard_rope(Loader& load, int head_width, RopePairs pairs);

// "blk.<layer>.<name>"
std::string layer_tensor(int layer, std::string_view name);

// attn_norm, attn_{q,k,v,output}; full causal attention, scores scaled by 1 / sqrt(D).
std::unique_ptr<AttentionBlock> load_attention(Loader& load, int layer, const TransformerSizes& sizes,
                                               int kv_heads, const Rope& rope,
                                               Loader::Bias qkv_bias = Loader::Bias::none);
// attn_q_norm and attn_k_norm, per head.
void load_head_norms(Loader& load, int layer, const TransformerSizes& sizes, AttentionBlock& attention);
// ffn_norm, ffn_{gate,up,down}; SwiGLU.
std::unique_ptr<MlpBlock> load_mlp(Loader& load, int layer, const TransformerSizes& sizes);
// output.weight, or the embedding where the file has none.
std::shared_ptr<const Linear> load_head(Loader& load, const TransformerSizes& sizes,
                                        const DecoderParts& parts);

}  // namespace understudy
