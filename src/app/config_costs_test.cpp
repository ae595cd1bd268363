#include "app/config_costs.h"

#include <gtest/gtest.h>

#include "app/model_profile.h"
#include "app/profile_plot.h"

namespace understudy {
namespace {

// The sizes of published models, as their config.json gives them.
constexpr const char* kSmolLm2 = R"({"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536,
  "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
  "tie_word_embeddings": true})";
constexpr const char* kQwen25 = R"({"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
  "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936,
  "tie_word_embeddings": true})";
constexpr const char* kQwen3 =
    R"({"model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "head_dim": 128,
  "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 151936,
  "tie_word_embeddings": true})";
constexpr const char* kGemma3 =
    R"({"model_type": "gemma3_text", "hidden_size": 640, "intermediate_size": 2048,
  "head_dim": 256, "num_hidden_layers": 18, "num_attention_heads": 4, "num_key_value_heads": 1, "vocab_size": 262144,
  "sliding_window": 512, "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention",
  "sliding_attention", "sliding_attention", "full_attention", "sliding_attention", "sliding_attention",
  "sliding_attention", "sliding_attention", "sliding_attention", "full_attention", "sliding_attention",
  "sliding_attention", "sliding_attention", "sliding_attention", "sliding_attention", "full_attention"]})";
constexpr const char* kLfm2 = R"({"model_type": "lfm2", "hidden_size": 2048, "block_ff_dim": 12288,
  "block_auto_adjust_ff_dim": true, "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256, "conv_L_cache": 3,
  "full_attn_idxs": [2, 5, 8, 10, 12, 14], "num_hidden_layers": 16, "num_attention_heads": 32,
  "num_key_value_heads": 8, "vocab_size": 65536})";
constexpr const char* kQwen35 = R"({"model_type": "qwen3_5", "tie_word_embeddings": true, "text_config": {
  "model_type": "qwen3_5_text", "hidden_size": 1024, "intermediate_size": 3584, "head_dim": 256,
  "num_hidden_layers": 24, "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 248320,
  "full_attention_interval": 4, "linear_num_key_heads": 16, "linear_num_value_heads": 16,
  "linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4}})";

ModelProfile profile(const char* config, double bits = 4.5) {
  const auto costs = config_costs(config, "config.json", bits);
  EXPECT_TRUE(costs.ok()) << costs.error().message();
  return costs.ok() ? make_profile("m", costs->costs) : ModelProfile();
}

double mega(int64_t value) { return static_cast<double>(value) / 1e6; }

// Body and tables in millions of parameters, state in bytes a token and a sequence. Sums worked out from the
// shapes; the released files have as many (SmolLM2 134.5 M, Gemma 3 270M 268.1 M).
TEST(ConfigCosts, CountPublishedModels) {
  struct Row {
    const char* config;
    double body, tables, share;
    int64_t state_a_token, state_a_sequence;
  };
  const Row rows[] = {
      {kSmolLm2, 106.2, 28.3, 0.210, 23040, 0},     {kQwen25, 357.9, 136.1, 0.276, 12288, 0},
      {kQwen3, 440.5, 155.6, 0.261, 114688, 0},     {kGemma3, 100.3, 167.8, 0.626, 18432, 0},
      {kLfm2, 1036.1, 134.2, 0.115, 12288, 163840}, {kQwen35, 498.1, 254.3, 0.338, 12288, 20201472}};
  for (const Row& row : rows) {
    const ModelProfile model = profile(row.config);
    EXPECT_NEAR(mega(model.parameters - model.table_parameters), row.body, 0.2) << row.config;
    EXPECT_NEAR(mega(model.table_parameters), row.tables, 0.1) << row.config;
    EXPECT_NEAR(model.embedding_share(), row.share, 0.001) << row.config;
    EXPECT_EQ(model.state_bytes_a_token, row.state_a_token) << row.config;
    EXPECT_EQ(model.snapshot_bytes, row.state_a_sequence) << row.config;
  }
}

TEST(ConfigCosts, CountABlockOfEachKind) {
  const auto blocks = [](const ModelProfile& model) {
    std::string text;
    for (const ProfilePart& part : model.parts) {
      text += std::string(part.cost.kind) + (part.cost.window > 0 ? "/w" : "") + " " +
              std::to_string(part.blocks) + " ";
    }
    return text;
  };
  EXPECT_EQ(blocks(profile(kGemma3)), "embedding 1 attention/w 15 mlp 18 attention 3 head 1 ");
  EXPECT_EQ(blocks(profile(kLfm2)), "embedding 1 short_conv 10 mlp 16 attention 6 head 1 ");
  EXPECT_EQ(blocks(profile(kQwen35)), "embedding 1 gated_delta 18 mlp 24 attention 6 head 1 ");
}

TEST(ConfigCosts, ReadsWhatATokenNeeds) {
  const BytesRead at_8_bits = bytes_read(profile(kSmolLm2, 8), 1000);
  EXPECT_NEAR(at_8_bits.head, 49152.0 * 576, 1);
  EXPECT_NEAR(at_8_bits.state, 1000.0 * 23040, 1);
  EXPECT_NEAR(at_8_bits.mlp, 30 * (3.0 * 576 * 1536 + 4 * 576), 1);
  EXPECT_NEAR(bytes_read(profile(kSmolLm2, 4), 1000).head, at_8_bits.head / 2, 1);
  // Fifteen of eighteen layers look at no more than 512 tokens, each token's keys and values having 1 KiB a
  // layer.
  EXPECT_NEAR(bytes_read(profile(kGemma3), 4096).state, 1024.0 * (15 * 512 + 3 * 4096), 1);
}

TEST(ConfigCosts, NamesTheKeyThatIsWrong) {
  const auto error = [](const char* config) { return config_costs(config, "config.json", 4.5).error(); };
  EXPECT_EQ(error("[]").code, ErrorCode::corrupt);
  EXPECT_EQ(error("{").code, ErrorCode::corrupt);
  EXPECT_EQ(error(R"({"model_type": "mamba2"})").code, ErrorCode::unsupported);
  EXPECT_EQ(error(R"({"model_type": "llama"})").what, "'num_hidden_layers' is missing");
  const std::string llama =
      R"({"model_type": "llama", "hidden_size": 64, "intermediate_size": 64, "vocab_size": 64,)";
  EXPECT_EQ(error((llama + R"("num_attention_heads": 4, "num_hidden_layers": 1000000000})").c_str()).what,
            "'num_hidden_layers' is not from 1 to 1024: 1000000000");
  EXPECT_EQ(error((llama + R"("num_attention_heads": 0, "num_hidden_layers": 2})").c_str()).what,
            "'num_attention_heads' is not from 1 to 4096: 0");
  EXPECT_EQ(error((llama +
                   R"("num_attention_heads": 4, "num_hidden_layers": 2, "layer_types": ["full_attention"]})")
                      .c_str())
                .what,
            "'layer_types' has 1 layers, 'num_hidden_layers' says 2");
  EXPECT_EQ(
      error((llama + R"("num_attention_heads": 4, "num_hidden_layers": 1, "layer_types": ["conv"]})").c_str())
          .code,
      ErrorCode::unsupported);
  EXPECT_EQ(
      error((llama + R"("num_attention_heads": 4, "num_hidden_layers": 1, "num_local_experts": 8})").c_str())
          .code,
      ErrorCode::unsupported);
}

TEST(MakeProfile, SharesMeasuredTimeByKind) {
  const std::vector<Cost> costs = {{.kind = "embedding"}, {.kind = "mlp"}, {.kind = "mlp"}, {.kind = "head"}};
  const ModelProfile model = make_profile("m", costs, {0, 1, 2, 1});
  ASSERT_EQ(model.parts.size(), 3u);
  EXPECT_DOUBLE_EQ(model.parts[1].decode_share, 0.75);
  EXPECT_DOUBLE_EQ(model.parts[2].decode_share, 0.25);
  EXPECT_DOUBLE_EQ(model.parts[1].prefill_share, 0);
}

TEST(ProfileSvg, NamesModelsSafelyAndDrawsAllPurposes) {
  ModelProfile model = profile(kLfm2);
  model.name = "<script>&";
  const std::string svg = profile_svg({model, profile(kGemma3)}, {.depth = 1024, .read_bytes_per_s = 1e10});
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&amp;"), std::string::npos);
  for (const char* needed :
       {"embedding and head", "state", "prefers-color-scheme: dark", "tokens/s", "63 % in"}) {
    EXPECT_NE(svg.find(needed), std::string::npos) << needed;
  }
}

}  // namespace
}  // namespace understudy
