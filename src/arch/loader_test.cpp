// Files that do not hold what their architecture needs: the error names key or tensor, what was expected and
// what was found, or what is supported.
#include "arch/loader.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "arch/architecture.h"
#include "kernels/dispatch.h"

namespace understudy {
namespace {

constexpr int64_t kWidth = 64, kHeads = 4, kKvHeads = 2, kHeadWidth = 16, kFfWidth = 96, kVocabulary = 32;

void add(ModelFile& file, const std::string& name, std::vector<int64_t> shape, DType dtype = DType::f32) {
  TensorView tensor{name, dtype, std::move(shape), {}};
  const auto blocks = static_cast<size_t>(tensor.elements() / info(dtype).block);
  auto bytes = std::make_shared<std::vector<std::byte>>(blocks * static_cast<size_t>(info(dtype).bytes));
  tensor.bytes = *bytes;
  file.storage = std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
      file.storage, bytes);
  file.tensors.push_back(std::move(tensor));
}

ModelFile llama() {
  ModelFile file;
  file.path = "toy.gguf";
  file.architecture = "llama";
  file.metadata.set("llama.block_count", int64_t{1});
  file.metadata.set("llama.embedding_length", kWidth);
  file.metadata.set("llama.feed_forward_length", kFfWidth);
  file.metadata.set("llama.attention.head_count", kHeads);
  file.metadata.set("llama.attention.head_count_kv", kKvHeads);
  file.metadata.set("llama.attention.layer_norm_rms_epsilon", 1e-5);
  add(file, "token_embd.weight", {kWidth, kVocabulary});
  add(file, "output_norm.weight", {kWidth});
  add(file, "blk.0.attn_norm.weight", {kWidth});
  add(file, "blk.0.attn_q.weight", {kWidth, kHeads * kHeadWidth});
  add(file, "blk.0.attn_k.weight", {kWidth, kKvHeads * kHeadWidth});
  add(file, "blk.0.attn_v.weight", {kWidth, kKvHeads * kHeadWidth});
  add(file, "blk.0.attn_output.weight", {kHeads * kHeadWidth, kWidth});
  add(file, "blk.0.ffn_norm.weight", {kWidth});
  add(file, "blk.0.ffn_gate.weight", {kWidth, kFfWidth});
  add(file, "blk.0.ffn_up.weight", {kWidth, kFfWidth});
  add(file, "blk.0.ffn_down.weight", {kFfWidth, kWidth});
  return file;
}

Status load(ModelFile& file) {
  file.index();
  ThreadPool pool(1);
  auto network = build_network(file, *testable_kernels()[0], pool);
  return network.ok() ? Status() : Status(network.error());
}

TEST(Loader, TheToyIsRight) {
  ModelFile file = llama();
  const Status status = load(file);
  EXPECT_TRUE(status.ok()) << status.error().message();
}

TEST(Loader, NumbersTheLayersOfBlocksInOrder) {
  ModelFile file = llama();
  file.index();
  ThreadPool pool(1);
  auto network = build_network(file, *testable_kernels()[0], pool);
  ASSERT_TRUE(network.ok());
  const AdaptableLayer expected[] = {
      {"blk.0.attn_q", 0, kWidth, kHeads * kHeadWidth},
      {"blk.0.attn_k", 1, kWidth, kKvHeads * kHeadWidth},
      {"blk.0.attn_v", 2, kWidth, kKvHeads * kHeadWidth},
      {"blk.0.attn_output", 3, kHeads * kHeadWidth, kWidth},
      {"blk.0.ffn_gate", 4, kWidth, kFfWidth},
      {"blk.0.ffn_up", 5, kWidth, kFfWidth},
      {"blk.0.ffn_down", 6, kFfWidth, kWidth},
  };
  const auto layers = (*network)->adaptable_layers();
  ASSERT_EQ(layers.size(), std::size(expected));
  for (size_t i = 0; i < layers.size(); i++) {
    EXPECT_EQ(layers[i].name, expected[i].name);
    EXPECT_EQ(layers[i].id, expected[i].id);
    EXPECT_EQ(layers[i].inputs, expected[i].inputs) << layers[i].name;
    EXPECT_EQ(layers[i].outputs, expected[i].outputs) << layers[i].name;
  }
}

using Spoil = std::function<void(ModelFile&)>;

Spoil set(const std::string& key, MetaValue value) {
  return [=](ModelFile& file) { file.metadata.set("llama." + key, value); };
}

Spoil without(const std::string& key) {
  return [=](ModelFile& file) {
    Metadata others;
    for (const auto& [name, value] : file.metadata)
      if (name != "llama." + key) others.set(name, value);
    file.metadata = std::move(others);
  };
}

Spoil tensor(const std::string& name, std::vector<int64_t> shape, DType dtype = DType::f32) {
  return [=](ModelFile& file) {
    std::erase_if(file.tensors, [&](const TensorView& t) { return t.name == name; });
    if (!shape.empty()) add(file, name, shape, dtype);
  };
}

struct Case {
  std::string name;
  Spoil spoil;
  ErrorCode code;
  std::string message;  // all of it but the hint
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

std::vector<Case> bad_files() {
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  const auto architecture = [](const char* name) {
    return [=](ModelFile& file) { file.architecture = name; };
  };
  return {
      {"unknown architecture", architecture("mamba9"), unsupported,
       "unknown architecture 'mamba9' (toy.gguf). Supported: bert, gemma3, lfm2, llama, qwen2, qwen3, "
       "smollm3"},
      {"no architecture", architecture(""), unsupported,
       "unknown architecture '' (toy.gguf). Supported: bert, gemma3, "},
      {"missing key", without("block_count"), corrupt,
       "llama.block_count: expected an integer, found no such key (toy.gguf). The file may be incomplete"},
      {"missing number", without("attention.layer_norm_rms_epsilon"), corrupt,
       "llama.attention.layer_norm_rms_epsilon: expected a float, found no such key (toy.gguf)"},
      {"wrong type", set("block_count", std::string("one")), corrupt,
       "llama.block_count: expected an integer, found a string (toy.gguf)"},
      {"zero", set("block_count", int64_t{0}), corrupt,
       "llama.block_count: expected 1 to 1024, found 0 (toy.gguf)"},
      {"negative", set("embedding_length", int64_t{-64}), corrupt,
       "llama.embedding_length: expected 32 to 65536, found -64 (toy.gguf)"},
      {"beyond 32 bits", set("block_count", int64_t{1} << 40), corrupt,
       "llama.block_count: expected 1 to 1024, found 1099511627776 (toy.gguf)"},
      {"epsilon of 0", set("attention.layer_norm_rms_epsilon", 0.0), corrupt,
       "llama.attention.layer_norm_rms_epsilon: expected a positive number, found 0 (toy.gguf)"},
      {"key heads that do not divide", set("attention.head_count_kv", int64_t{3}), corrupt,
       "llama.attention.head_count_kv: expected a divisor of attention.head_count (4), found 3 (toy.gguf)"},
      {"head width", set("attention.key_length", int64_t{24}), unsupported,
       "llama.attention.key_length: expected a multiple of 16 up to 512 (embedding_length / "
       "attention.head_count by default), found 24 (toy.gguf)"},
      {"values of another width", set("attention.value_length", int64_t{32}), unsupported,
       "llama.attention.value_length: expected 16, as attention.key_length, found 32 (toy.gguf)"},
      {"odd rope", set("rope.dimension_count", int64_t{15}), corrupt,
       "llama.rope.dimension_count: expected an even number, found 15 (toy.gguf)"},
      {"rope scaling", set("rope.scaling.type", std::string("yarn")), unsupported,
       "llama.rope.scaling.type: expected none or linear, found yarn (toy.gguf)"},
      {"rope scaling that is no text", set("rope.scaling.type", int64_t{1}), corrupt,
       "llama.rope.scaling.type: expected a string, found an integer (toy.gguf)"},
      {"experts", set("expert_count", int64_t{8}), unsupported,
       "llama.expert_count: expected 0 (no mixture of experts), found 8 (toy.gguf)"},
      {"missing tensor", tensor("blk.0.ffn_up.weight", {}), corrupt,
       "the tensor blk.0.ffn_up.weight is missing, expected shape [64, 96] (toy.gguf). The file may be"},
      {"missing layer", set("block_count", int64_t{2}), corrupt,
       "the tensor blk.1.attn_norm.weight is missing, expected shape [64, 1] (toy.gguf)"},
      {"shape", tensor("blk.0.ffn_up.weight", {kWidth, 80}), corrupt,
       "the tensor blk.0.ffn_up.weight has shape [64, 80], expected [64, 96] (toy.gguf)"},
      {"transposed", tensor("blk.0.ffn_up.weight", {kFfWidth, kWidth}), corrupt,
       "the tensor blk.0.ffn_up.weight has shape [96, 64], expected [64, 96] (toy.gguf)"},
      {"another axis", tensor("output_norm.weight", {kWidth, 2}), corrupt,
       "the tensor output_norm.weight has shape [64, 2], expected [64, 1] (toy.gguf)"},
      {"quantised norm", tensor("output_norm.weight", {kWidth}, DType::q8_0), unsupported,
       "the tensor output_norm.weight is Q8_0, expected F32, F16 or BF16 (toy.gguf)"},
  };
}

class BadFile : public testing::TestWithParam<Case> {};

TEST_P(BadFile, NamesExpectedAndFound) {
  ModelFile file = llama();
  GetParam().spoil(file);
  const Status status = load(file);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, GetParam().code);
  EXPECT_TRUE(status.error().message().starts_with(GetParam().message)) << status.error().message();
}

INSTANTIATE_TEST_SUITE_P(Files, BadFile, testing::ValuesIn(bad_files()));

// A list of one number a layer (LFM2's kinds of layer).
TEST(Loader, ListsHaveAValueForEachLayer) {
  ModelFile file = llama();
  ThreadPool pool(1);
  file.metadata.set("llama.list", std::vector<int64_t>{0, 2, 9});
  PackedWeights weights;
  Loader right(file, pool, weights);
  EXPECT_EQ(right.integers("list", 3, 0, 9), (std::vector<int>{0, 2, 9}));
  EXPECT_EQ(right.integers("block_count", 2, 0, 9), (std::vector<int>{1, 1}));
  EXPECT_TRUE(right.ok());

  Loader shorter(file, pool, weights);
  EXPECT_EQ(shorter.integers("list", 4, 0, 9).size(), 4u);
  EXPECT_EQ(shorter.status().error().what, "llama.list: expected 4 values (one a layer), found 3");
  Loader beyond(file, pool, weights);
  EXPECT_EQ(beyond.integers("list", 3, 0, 8), (std::vector<int>{0, 2, 0}));
  EXPECT_EQ(beyond.status().error().what, "llama.list: expected values from 0 to 8, found 9");
}

TEST(Loader, KeepsTheFirstProblem) {
  ModelFile file = llama();
  ThreadPool pool(1);
  PackedWeights weights;
  Loader load(file, pool, weights);
  load.integer("first", 1, 2);
  load.integer("second", 1, 2);
  EXPECT_TRUE(load.status().error().what.starts_with("llama.first"));
}

// The sizes that keys claim are believed only once a tensor has them.
TEST(Loader, ClaimsAllocateNothing) {
  ModelFile file = llama();
  ThreadPool pool(1);
  file.index();
  PackedWeights weights;
  Loader load(file, pool, weights);
  EXPECT_EQ(load.matrix("output_norm.weight", 1 << 30, 1 << 30).capacity(), 0u);
  EXPECT_FALSE(load.ok());
}

// The other way round: encoder_test.cpp.
TEST(Loader, TheOtherKindOfModel) {
  ModelFile file = llama();
  file.index();
  ThreadPool pool(1);
  const auto encoder = build_encoder(file, *testable_kernels()[0], pool);
  ASSERT_FALSE(encoder.ok());
  EXPECT_EQ(encoder.error().message(), "'llama' is no embedding model (toy.gguf)");
}

}  // namespace
}  // namespace understudy
