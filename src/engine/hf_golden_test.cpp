// The golden models as transformers saves them (tests/golden/checkpoints): the test writes config.json and
// the very bytes of model.safetensors into a folder (a hash of each tensor proves it), opens it, and expects
// the logits of transformers, and the tensors of the GGUF file, bit for bit where nothing was added to them.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "arch/contiguous_state.h"
#include "engine/model.h"
#include "engine/testing/golden_model.h"
#include "formats/hf/model.h"
#include "formats/safetensors_builder_test.h"

namespace understudy {
namespace {

namespace json = boost::json;

const std::string kCheckpoints = UNDERSTUDY_SOURCE_DIR "/tests/golden/checkpoints/";

std::string hash_of(std::span<const float> values) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const std::byte byte : std::as_bytes(values))
    hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001B3;
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::vector<float> values_of(const TensorView& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

// What transformers holds of a golden tensor (export_golden.py).
std::vector<float> as_saved(const TensorView& tensor, std::string_view step, int head_width) {
  std::vector<float> values = values_of(tensor);
  if (step == "minus_one") {
    for (float& value : values) value -= 1.0f;
  } else if (step == "unpermute") {
    const std::vector<float> paired = values;
    const int columns = static_cast<int>(tensor.shape[0]), rows = static_cast<int>(tensor.shape[1]);
    for (int row = 0; row < rows; ++row) {
      const int head = row / head_width, i = row % head_width, half = head_width / 2;
      const int from = head * head_width + (i < half ? 2 * i : 2 * (i - half) + 1);
      std::copy_n(paired.begin() + from * columns, columns, values.begin() + row * columns);
    }
  }
  return values;
}

class HfGoldenTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = read_golden(golden_path(GetParam()));
    checkpoint_ = read_json(kCheckpoints + GetParam() + ".json");
    folder_.write("config.json", json::serialize(checkpoint_.at("config")));
  }

  int head_width() const {
    const json::object& config = checkpoint_.at("config").as_object();
    if (const json::value* width = config.if_contains("head_dim"); width && width->is_int64())
      return static_cast<int>(width->as_int64());
    return static_cast<int>(config.at("hidden_size").as_int64() /
                            config.at("num_attention_heads").as_int64());
  }

  // Every `stride`-th tensor from `first` on.
  std::string safetensors(size_t first, size_t stride) {
    SafetensorsBuilder builder;
    const json::array& tensors = checkpoint_.at("tensors").as_array();
    for (size_t i = first; i < tensors.size(); i += stride) {
      const json::object& entry = tensors[i].as_object();
      const TensorView* source = golden_.file.tensor(entry.at("from").as_string());
      EXPECT_NE(source, nullptr) << entry.at("from");
      const std::vector<float> values = as_saved(*source, entry.at("step").as_string(), head_width());
      EXPECT_EQ(hash_of(values), entry.at("fnv1a").as_string()) << entry.at("name");
      builder.tensor(std::string(entry.at("name").as_string()), json::serialize(entry.at("shape")), values);
    }
    return builder.build();
  }

  Result<ModelFile> open() const {
    ASSIGN_OR_RETURN(HfCheckpoint checkpoint, read_hf_checkpoint(folder_.path()));
    return model_from_hf(std::move(checkpoint));
  }

  void expect_golden_logits(const ModelFile& file) const;

  Golden golden_;
  json::value checkpoint_;
  TestFolder folder_;
};

// Bounds and their reasons: golden_test.cpp.
void HfGoldenTest::expect_golden_logits(const ModelFile& file) const {
  setenv("UNDERSTUDY_ISA", "scalar", 1);
  const auto model = Model::from_file(file);
  unsetenv("UNDERSTUDY_ISA");
  ASSERT_TRUE(model.ok()) << model.error().message();
  const Network& network = (*model)->network();
  ThreadPool pool(2);
  const auto workspace = make_workspace(pool);
  Batch batch;
  batch.tokens = golden_.tokens;
  const int rows = static_cast<int>(golden_.tokens.size());
  for (int row = 0; row < rows; ++row) batch.outputs.push_back(row);
  const ContiguousState state(network, rows);
  batch.sequences.push_back(state.rows(0, rows, 0, RowKind::prompt));
  const std::span<const float> logits = network.forward(batch, *workspace);
  const size_t vocabulary = golden_.last_logits.size();
  ASSERT_EQ(logits.size(), static_cast<size_t>(rows) * vocabulary);
  double squares = 0;
  for (int row = 0; row < rows; ++row) {
    for (size_t i = 0; i < golden_.columns.size(); ++i) {
      const double difference =
          logits[static_cast<size_t>(row) * vocabulary + static_cast<size_t>(golden_.columns[i])] -
          golden_.column_logits[static_cast<size_t>(row)][i];
      ASSERT_LE(std::abs(difference), 0.025) << "row " << row << ", id " << golden_.columns[i];
      squares += difference * difference;
    }
  }
  EXPECT_LE(std::sqrt(squares / (rows * static_cast<double>(golden_.columns.size()))), 0.003);
}

TEST_P(HfGoldenTest, GivesTheLogitsOfTransformers) {
  folder_.write("model.safetensors", safetensors(0, 1));
  const auto file = open();
  ASSERT_TRUE(file.ok()) << file.error().message();
  expect_golden_logits(*file);
}

TEST_P(HfGoldenTest, ShardsGiveTheTensorsOfTheGgufFile) {
  json::object weight_map;
  const json::array& tensors = checkpoint_.at("tensors").as_array();
  for (size_t i = 0; i < tensors.size(); ++i) {
    weight_map[tensors[i].at("name").as_string()] =
        i % 2 == 0 ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
  }
  folder_.write("model-00001-of-00002.safetensors", safetensors(0, 2));
  folder_.write("model-00002-of-00002.safetensors", safetensors(1, 2));
  folder_.write("model.safetensors.index.json", json::serialize(json::object{{"weight_map", weight_map}}));
  const auto file = open();
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->architecture, golden_.file.architecture);
  ASSERT_EQ(file->tensors.size(), golden_.file.tensors.size());
  for (const TensorView& expected : golden_.file.tensors) {
    const TensorView* tensor = file->tensor(expected.name);
    ASSERT_NE(tensor, nullptr) << expected.name;
    EXPECT_EQ(tensor->shape, expected.shape) << expected.name;
    const std::vector<float> a = values_of(*tensor), b = values_of(expected);
    ASSERT_EQ(a.size(), b.size()) << expected.name;
    // 1 + (w - 1) rounds twice at most; the rope factors are computed on both sides.
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 2e-7 * std::abs(b[i])) << expected.name;
  }
}

TEST_P(HfGoldenTest, KeysAreThoseOfTheGgufFile) {
  folder_.write("model.safetensors", safetensors(0, 1));
  const auto file = open();
  ASSERT_TRUE(file.ok()) << file.error().message();
  for (const auto& [key, value] : golden_.file.metadata) {
    if (key.ends_with(".vocab_size") || key.ends_with(".rope.dimension_count"))
      continue;  // nothing reads them
    const MetaValue* found = file->metadata.find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(*found, value) << key;
  }
}

TEST_P(HfGoldenTest, AWrongShapeIsNamedAsTheFileSpellsIt) {
  json::object config = checkpoint_.at("config").as_object();
  config["intermediate_size"] = 96;
  folder_.write("config.json", json::serialize(config));
  folder_.write("model.safetensors", safetensors(0, 1));
  const auto file = open();
  ASSERT_TRUE(file.ok()) << file.error().message();
  const auto model = Model::from_file(*file);
  ASSERT_FALSE(model.ok());
  EXPECT_NE(model.error().what.find("blk.0.ffn_gate.weight (model.layers.0."), std::string::npos)
      << model.error().message();
}

INSTANTIATE_TEST_SUITE_P(Families, HfGoldenTest, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& entry : std::filesystem::directory_iterator(kCheckpoints))
                             names.push_back(entry.path().stem());
                           return names;
                         }()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace understudy
