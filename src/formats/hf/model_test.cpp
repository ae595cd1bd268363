// Hugging Face folders of a family made for the test: names, transforms, shards, and the errors of folders
// that do not hold what they should. The real families are tested in src/engine/hf_golden_test.cpp.
#include "formats/hf/model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <ostream>

#include "formats/hf/decoder.h"
#include "formats/safetensors_builder_test.h"

namespace understudy {
namespace {

void translate(HfConfig& config, HfKeys& keys) {
  const int64_t head_width = translate_hf_decoder(config, keys);
  translate_hf_rope(config, keys, head_width, 10000);
  config.expect_text("hidden_act", {"silu", "swish"});
  config.expect_flag("mlp_bias", false);
  config.expect_absent("softcap");
}

const RegisterHfFamily kToy({"toy",
                             "toyarch",
                             {{"embed.weight", "token_embd.weight"},
                              {"lm_head.weight", "output.weight"},
                              {"layers.*.norm.weight", "blk.*.norm.weight", HfTransform::add_one},
                              {"layers.*.q.weight", "blk.*.q.weight", HfTransform::interleave},
                              {"layers.*.q.bias", "blk.*.q.bias", HfTransform::interleave},
                              {"layers.*.conv.weight", "blk.*.conv.weight", HfTransform::drop_unit_axes},
                              {"inv_freq", ""}},
                             translate});

const std::string kConfig = R"({"model_type": "toy", "hidden_size": 4, "num_hidden_layers": 2,
  "num_attention_heads": 1, "num_key_value_heads": null, "intermediate_size": 8, "rms_norm_eps": 1e-5,
  "tie_word_embeddings": true, "hidden_act": "silu", "rope_theta": 5000, "max_position_embeddings": 99})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

SafetensorsBuilder embedding() {
  SafetensorsBuilder builder;
  builder.tensor("embed.weight", "[3,4]", std::vector<float>(12, 0.5f));
  return builder;
}

void write(const TestFolder& folder, const std::string& config, const SafetensorsBuilder& weights) {
  folder.write("config.json", config);
  folder.write("model.safetensors", weights.build());
}

Result<ModelFile> open(const TestFolder& folder) {
  ASSIGN_OR_RETURN(HfCheckpoint checkpoint, read_hf_checkpoint(folder.path()));
  return model_from_hf(std::move(checkpoint));
}

std::vector<float> floats(const ModelFile& file, const char* name) {
  const TensorView* tensor = file.tensor(name);
  if (tensor == nullptr || tensor->dtype != DType::f32) return {};
  std::vector<float> values(tensor->bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

TEST(HfModel, BecomesNeutralKeysAndTensors) {
  TestFolder folder;
  SafetensorsBuilder weights = embedding();
  weights
      .tensor("layers.1.norm.weight", "BF16", "[2]", std::string("\x80\x3f\x00\xbf", 4))  // 1, -0.5
      .tensor("layers.0.q.weight", "[4,2]", std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7})
      .tensor("layers.0.q.bias", "[4]", std::vector<float>{0, 1, 2, 3})
      .tensor("layers.1.conv.weight", "[2,1,3]", std::vector<float>{0, 1, 2, 3, 4, 5})
      .tensor("lm_head.weight", "[3,4]", std::vector<float>(12, 7.0f))
      .tensor("inv_freq", "I64", "[1]", std::string(8, 'i'));
  write(folder, kConfig, weights);
  const auto model = open(folder);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->architecture, "toyarch");
  EXPECT_EQ(*model->metadata.get<int64_t>("toyarch.block_count"), 2);
  EXPECT_EQ(*model->metadata.get<int64_t>("toyarch.attention.head_count_kv"), 1);
  EXPECT_EQ(*model->metadata.get<int64_t>("toyarch.attention.key_length"), 4);
  EXPECT_EQ(*model->metadata.get<int64_t>("toyarch.context_length"), 99);
  EXPECT_EQ(*model->metadata.get<double>("toyarch.rope.freq_base"), 5000);

  EXPECT_EQ(model->tensors.size(), 5u);  // neither inv_freq nor the head, which is tied
  EXPECT_EQ(model->tensor("token_embd.weight")->shape, (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(floats(*model, "blk.1.norm.weight"), (std::vector<float>{2, 0.5f}));
  EXPECT_EQ(floats(*model, "blk.0.q.weight"), (std::vector<float>{0, 1, 4, 5, 2, 3, 6, 7}));
  EXPECT_EQ(floats(*model, "blk.0.q.bias"), (std::vector<float>{0, 2, 1, 3}));
  EXPECT_EQ(model->tensor("blk.1.conv.weight")->shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(model->spelled("blk.7.q.bias"), "blk.7.q.bias (layers.7.q.bias in the file)");
}

TEST(HfModel, UntiedHeadIsATensor) {
  TestFolder folder;
  SafetensorsBuilder weights = embedding();
  weights.tensor("lm_head.weight", "[3,4]", std::vector<float>(12, 7.0f));
  write(folder, replaced(kConfig, "true", "false"), weights);
  const auto model = open(folder);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(floats(*model, "output.weight").at(0), 7.0f);
}

TEST(HfModel, RopeScalingOfBothSpellings) {
  for (const char* spelling :
       {R"("rope_theta": 8, "rope_scaling": {"type": "linear", "factor": 4})",
        R"("rope_parameters": {"rope_theta": 8, "rope_type": "linear", "factor": 4})"}) {
    TestFolder folder;
    write(folder, replaced(kConfig, "\"rope_theta\": 5000", spelling), embedding());
    const auto model = open(folder);
    ASSERT_TRUE(model.ok()) << model.error().message();
    EXPECT_EQ(*model->metadata.get<double>("toyarch.rope.freq_base"), 8);
    EXPECT_EQ(*model->metadata.get<std::string>("toyarch.rope.scaling.type"), "linear");
    EXPECT_EQ(*model->metadata.get<double>("toyarch.rope.scaling.factor"), 4);
  }
}

TEST(HfModel, Llama3RopeBecomesFactors) {
  TestFolder folder;
  // Two pairs with the wavelengths 2 pi and 200 pi; the first fits the context of 64 often, the second not
  // once.
  write(folder,
        replaced(kConfig, "\"rope_theta\": 5000",
                 R"("rope_theta": 10000, "rope_scaling": {"rope_type": "llama3", "factor": 8,
                 "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64})"),
        embedding());
  const auto model = open(folder);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(floats(*model, "rope_freqs.weight"), (std::vector<float>{1, 8}));
}

struct Case {
  std::string name;
  std::string from, to;  // in the config
  std::function<SafetensorsBuilder()> weights;
  ErrorCode code;
  std::vector<std::string> message;  // substrings
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

std::function<SafetensorsBuilder()> with(const std::string& name, const std::string& type,
                                         const std::string& shape, size_t bytes) {
  return [=] { return embedding().tensor(name, type, shape, std::string(bytes, '\1')); };
}

std::vector<Case> bad_models() {
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  return {
      {"unknown family",
       "\"toy\"",
       "\"mamba9\"",
       embedding,
       unsupported,
       {"model_type", "mamba9", "Supported: toy"}},
      {"no family",
       "\"model_type\"",
       "\"type\"",
       embedding,
       corrupt,
       {"model_type: expected a text, found no such key"}},
      {"missing key",
       "\"hidden_size\"",
       "\"size\"",
       embedding,
       corrupt,
       {"hidden_size: expected an integer", "no such key", "config.json"}},
      {"wrong type", "4,", "\"four\",", embedding, corrupt, {"hidden_size", "found \"four\""}},
      {"negative", "4,", "-4,", embedding, corrupt, {"hidden_size", "found -4"}},
      {"null for a needed key", "4,", "null,", embedding, corrupt, {"hidden_size", "no such key"}},
      {"too many layers",
       "\"num_hidden_layers\": 2",
       "\"num_hidden_layers\": 5000",
       embedding,
       corrupt,
       {"num_hidden_layers: expected 1 to 1024, found 5000"}},
      {"flag that is a number",
       "true",
       "1",
       embedding,
       corrupt,
       {"tie_word_embeddings: expected true or false, found 1"}},
      {"activation",
       "\"silu\"",
       "\"relu\"",
       embedding,
       unsupported,
       {"hidden_act: expected silu or swish, found relu"}},
      {"option",
       "\"hidden_act\"",
       "\"mlp_bias\": true, \"hidden_act\"",
       embedding,
       unsupported,
       {"mlp_bias: expected false, found true"}},
      {"option with a value",
       "\"hidden_act\"",
       "\"softcap\": 30.0, \"hidden_act\"",
       embedding,
       unsupported,
       {"softcap: expected null, found 3"}},
      {"quantised weights",
       "\"hidden_act\"",
       "\"quantization_config\": {\"bits\": 4}, \"hidden_act\"",
       embedding,
       unsupported,
       {"quantization_config: expected null, found an object"}},
      {"rope type",
       "\"rope_theta\": 5000",
       R"("rope_scaling": {"rope_type": "yarn", "factor": 4})",
       embedding,
       unsupported,
       {"rope_scaling.rope_type: expected default or linear or llama3, found yarn"}},
      {"rope without factor",
       "\"rope_theta\": 5000",
       R"("rope_parameters": {"rope_type": "linear"})",
       embedding,
       corrupt,
       {"rope_parameters.factor: expected a number, found no such key"}},
      {"rope that is no object",
       "\"rope_theta\": 5000",
       R"("rope_scaling": [1])",
       embedding,
       corrupt,
       {"rope_scaling: expected an object, found an array of 1"}},
      {"duplicate key",
       "\"hidden_act\"",
       "\"hidden_size\": 8, \"hidden_act\"",
       embedding,
       corrupt,
       {"duplicate key \"hidden_size\"", "config.json"}},
      {"untied without head",
       "true",
       "false",
       embedding,
       corrupt,
       {"tie_word_embeddings is false", "output.weight (lm_head.weight in the file)"}},
      {"unknown tensor",
       "",
       "",
       with("layers.0.gate.weight", "F32", "[1]", 4),
       unsupported,
       {"model_type toy does not have", "tensor layers.0.gate.weight"}},
      {"layer beyond the config",
       "",
       "",
       with("layers.2.norm.weight", "F32", "[1]", 4),
       corrupt,
       {"layer: expected 0 to 1 (num_hidden_layers), found 2"}},
      {"layer with many digits",
       "",
       "",
       with("layers.99999999999999999999.norm.weight", "F32", "[1]", 4),
       corrupt,
       {"found 99999999999999999999"}},
      {"layer with a leading zero",
       "",
       "",
       with("layers.01.norm.weight", "F32", "[1]", 4),
       corrupt,
       {"found 01"}},
      {"element type",
       "",
       "",
       with("layers.0.norm.weight", "F64", "[1]", 8),
       unsupported,
       {"expected F32, F16 or BF16, found F64", "layers.0.norm.weight"}},
      {"part of a head",
       "",
       "",
       with("layers.0.q.weight", "F32", "[5,2]", 40),
       corrupt,
       {"whole heads", "found 5"}},
  };
}

class BadHfModel : public testing::TestWithParam<Case> {};

TEST_P(BadHfModel, GivesTheRightError) {
  TestFolder folder;
  write(folder, GetParam().from.empty() ? kConfig : replaced(kConfig, GetParam().from, GetParam().to),
        GetParam().weights());
  const auto model = open(folder);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, GetParam().code) << model.error().message();
  for (const std::string& part : GetParam().message)
    EXPECT_NE(model.error().message().find(part), std::string::npos) << model.error().message();
}

INSTANTIATE_TEST_SUITE_P(Models, BadHfModel, testing::ValuesIn(bad_models()));

// Weights in two shards and their index.
void write_shards(const TestFolder& folder, const std::string& index) {
  folder.write("config.json", kConfig);
  folder.write("model-00001-of-00002.safetensors", embedding().build());
  folder.write("model-00002-of-00002.safetensors",
               SafetensorsBuilder().tensor("layers.0.norm.weight", "[1]", std::vector<float>{1}).build());
  folder.write("model.safetensors.index.json", index);
}

const std::string kIndex = R"({"metadata": {"total_size": 52}, "weight_map": {
  "embed.weight": "model-00001-of-00002.safetensors",
  "layers.0.norm.weight": "model-00002-of-00002.safetensors"}})";

TEST(HfShards, AreOneModel) {
  TestFolder folder;
  write_shards(folder, kIndex);
  const auto model = open(folder);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(floats(*model, "blk.0.norm.weight"), (std::vector<float>{2}));
  EXPECT_EQ(floats(*model, "token_embd.weight").at(11), 0.5f);
}

TEST(HfShards, MissingOnesAreNamed) {
  TestFolder folder;
  write_shards(folder, kIndex);
  std::filesystem::remove(folder.path("model-00002-of-00002.safetensors"));
  const auto model = open(folder);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, ErrorCode::not_found);
  EXPECT_NE(model.error().what.find("expected 2 files, missing model-00002-of-00002.safetensors"),
            std::string::npos)
      << model.error().message();
}

TEST(HfShards, TheIndexMustTellTheTruth) {
  const struct {
    std::string from, to, message;
  } lies[] = {
      {"model-00001-of-00002.safetensors", "../model-00001-of-00002.safetensors", "in this folder"},
      {"model-00001-of-00002.safetensors", "/etc/passwd", "in this folder"},
      {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "embed.weight is missing"},
      {"\"embed.weight\"", "\"other.weight\"", "the tensor embed.weight is in"},
      {"\"weight_map\"", "\"map\"", "weight_map: expected an object"},
      {"\"model-00001-of-00002.safetensors\"", "1", "weight_map: expected the name"},
  };
  for (const auto& lie : lies) {
    TestFolder folder;
    write_shards(folder, replaced(kIndex, lie.from, lie.to));
    const auto model = open(folder);
    ASSERT_FALSE(model.ok()) << lie.to;
    EXPECT_EQ(model.error().code, ErrorCode::corrupt);
    EXPECT_NE(model.error().what.find(lie.message), std::string::npos) << model.error().message();
  }
}

TEST(HfFolder, NeedsConfigAndSafetensors) {
  TestFolder folder;
  EXPECT_EQ(open(folder).error().code, ErrorCode::not_found);
  folder.write("config.json", kConfig);
  EXPECT_NE(open(folder).error().what.find("expected model.safetensors"), std::string::npos);
  folder.write("pytorch_model.bin", "");
  const auto pickle = open(folder);
  EXPECT_EQ(pickle.error().code, ErrorCode::unsupported);
  EXPECT_NE(pickle.error().what.find("found pytorch_model.bin"), std::string::npos);
}

TEST(HfFolder, IsAFolderOrItsConfig) {
  TestFolder folder;
  folder.write("config.json", kConfig);
  EXPECT_EQ(hf_folder(folder.path()), folder.path());
  EXPECT_EQ(hf_folder(folder.path("config.json")), folder.path());
  EXPECT_EQ(hf_folder("config.json"), ".");
  EXPECT_EQ(hf_folder(folder.path("model.gguf")), "");
}

}  // namespace
}  // namespace understudy
