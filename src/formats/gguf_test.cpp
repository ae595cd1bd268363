// Valid GGUF files: every value type, every tensor type, both versions. The invalid ones:
// gguf_malformed_test.cpp.
#include "formats/gguf.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "formats/gguf_builder_test.h"

namespace understudy {
namespace {

Result<ModelFile> read(const std::string& file) {
  return read_gguf(std::as_bytes(std::span(file)), "test.gguf");
}

GgufBuilder builder() {
  GgufBuilder builder;
  builder.set("general.architecture", "llama");
  return builder;
}

template <typename T>
void expect_value(const Metadata& metadata, std::string_view key, const T& expected) {
  auto value = metadata.get<T>(key);
  ASSERT_TRUE(value.ok()) << value.error().message();
  EXPECT_EQ(*value, expected) << key;
}

TEST(Gguf, ReadsEveryValueType) {
  GgufBuilder file = builder();
  file.set<uint8_t>("u8", 255)
      .set<int8_t>("i8", -128)
      .set<uint16_t>("u16", 65535)
      .set<int16_t>("i16", -32768);
  file.set<uint32_t>("u32", 4294967295u).set<int32_t>("i32", INT32_MIN);
  file.set<uint64_t>("u64", INT64_MAX).set<int64_t>("i64", INT64_MIN);
  file.set<float>("f32", 0.5f).set<double>("f64", -1e300).set<bool>("yes", true).set<bool>("no", false);
  file.set("text", "\xe2\x96\x81 a longer text than the inline buffer of a string").set("empty", "");
  auto model = read(file.build());
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->architecture, "llama");
  EXPECT_EQ(model->path, "test.gguf");
  EXPECT_EQ(model->metadata.size(), 15u);
  expect_value<int64_t>(model->metadata, "u8", 255);
  expect_value<int64_t>(model->metadata, "i8", -128);
  expect_value<int64_t>(model->metadata, "u16", 65535);
  expect_value<int64_t>(model->metadata, "i16", -32768);
  expect_value<int64_t>(model->metadata, "u32", 4294967295);
  expect_value<int64_t>(model->metadata, "i32", INT32_MIN);
  expect_value<int64_t>(model->metadata, "u64", INT64_MAX);
  expect_value<int64_t>(model->metadata, "i64", INT64_MIN);
  expect_value<double>(model->metadata, "f32", 0.5);
  expect_value<double>(model->metadata, "f64", -1e300);
  expect_value<bool>(model->metadata, "yes", true);
  expect_value<bool>(model->metadata, "no", false);
  expect_value<std::string>(model->metadata, "text",
                            "\xe2\x96\x81 a longer text than the inline buffer of a string");
  expect_value<std::string>(model->metadata, "empty", "");
}

TEST(Gguf, ReadsArraysOfEveryType) {
  GgufBuilder file = builder();
  file.set_array<uint8_t>("u8", {1, 255})
      .set_array<int8_t>("i8", {1, -1})
      .set_array<uint16_t>("u16", {1, 65535});
  file.set_array<int16_t>("i16", {1, -1}).set_array<uint32_t>("u32", {1, 4294967295u});
  file.set_array<int32_t>("i32", {1, -1})
      .set_array<uint64_t>("u64", {1, INT64_MAX})
      .set_array<int64_t>("i64", {1, -1});
  file.set_array<float>("f32", {1, -0.5f}).set_array<double>("f64", {1, -0.5});
  file.set_array<bool>("bool", {true, false, true})
      .set_array<std::string>("text", {"a", "", std::string(40, 'x')});
  file.set_array<int32_t>("none", {});
  auto model = read(file.build());
  ASSERT_TRUE(model.ok()) << model.error().message();
  using Integers = std::vector<int64_t>;
  expect_value<Integers>(model->metadata, "u8", {1, 255});
  expect_value<Integers>(model->metadata, "i8", {1, -1});
  expect_value<Integers>(model->metadata, "u16", {1, 65535});
  expect_value<Integers>(model->metadata, "i16", {1, -1});
  expect_value<Integers>(model->metadata, "u32", {1, 4294967295});
  expect_value<Integers>(model->metadata, "i32", {1, -1});
  expect_value<Integers>(model->metadata, "u64", {1, INT64_MAX});
  expect_value<Integers>(model->metadata, "i64", {1, -1});
  expect_value<Integers>(model->metadata, "none", {});
  expect_value<std::vector<double>>(model->metadata, "f32", {1, -0.5});
  expect_value<std::vector<double>>(model->metadata, "f64", {1, -0.5});
  expect_value<std::vector<bool>>(model->metadata, "bool", {true, false, true});
  expect_value<std::vector<std::string>>(model->metadata, "text", {"a", "", std::string(40, 'x')});
  ASSERT_NE(model->metadata.array<std::string>("text"), nullptr);
  EXPECT_EQ(model->metadata.array<std::string>("text")->size(), 3u);
  EXPECT_EQ(model->metadata.array<double>("text"), nullptr);
}

TEST(Gguf, ReadsEveryTensorType) {
  GgufBuilder builder_all = builder();
  for (const DTypeInfo& type : kDTypes) {
    const DType dtype = type.dtype;
    builder_all.tensor(std::string(info(dtype).name), dtype, {info(dtype).block * 2, 3});
  }
  std::string file = builder_all.build();
  auto model = read(file);
  ASSERT_TRUE(model.ok()) << model.error().message();
  ASSERT_EQ(model->tensors.size(), std::size(kDTypes));
  const char* expected_start = file.data() + (builder_all.header_bytes() + 31) / 32 * 32;
  for (const DTypeInfo& type : kDTypes) {
    const DType dtype = type.dtype;
    const TensorView* tensor = model->tensor(info(dtype).name);
    ASSERT_NE(tensor, nullptr) << info(dtype).name;
    EXPECT_EQ(tensor->dtype, dtype);
    EXPECT_EQ(tensor->shape, (std::vector<int64_t>{info(dtype).block * 2, 3}));
    EXPECT_EQ(tensor->elements(), info(dtype).block * 6);
    EXPECT_EQ(tensor->bytes.size(), info(dtype).bytes * 6);
    EXPECT_EQ(reinterpret_cast<const char*>(tensor->bytes.data()), expected_start);
    expected_start += (tensor->bytes.size() + 31) / 32 * 32;
  }
  EXPECT_EQ(model->tensor("Q4_"), nullptr);
  EXPECT_EQ(model->tensor(""), nullptr);
}

TEST(Gguf, ReadsVersion2) {
  GgufBuilder file = builder();
  file.version = 2;
  file.tensor("a", DType::f32, {4});
  auto model = read(file.build());
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->tensor("a")->bytes.size(), 16u);
}

TEST(Gguf, ReadsFourAxesAndHonoursAlignment) {
  GgufBuilder file = builder();
  file.alignment = 4096;
  file.set<uint32_t>("general.alignment", 4096);
  file.tensor("a", DType::f32, {2, 3, 4, 5}).tensor("b", DType::f16, {1});
  std::string bytes = file.build();
  auto model = read(bytes);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->tensor("a")->elements(), 120);
  EXPECT_EQ(reinterpret_cast<const char*>(model->tensor("b")->bytes.data()) - bytes.data(), 8192);
}

TEST(Gguf, ReadsFilesWithoutTensors) {
  auto model = read(builder().build());
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_TRUE(model->tensors.empty());
}

TEST(Gguf, TensorsMayLieInAnyOrderWithGaps) {
  GgufBuilder file = builder();
  file.raw_tensor("late", {8}, 0, 128).raw_tensor("early", {8}, 0, 0).data(160);
  auto model = read(file.build());
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->tensor("late")->bytes.data() - model->tensor("early")->bytes.data(), 128);
}

TEST(Gguf, FileKeepsItsMappingAlive) {
  std::string path = ::testing::TempDir() + "understudy_gguf_test.gguf";
  std::ofstream(path, std::ios::binary) << builder().tensor("a", DType::f32, {4}).build();
  auto model = read_gguf(path);
  std::remove(path.c_str());
  ASSERT_TRUE(model.ok()) << model.error().message();
  ModelFile moved = std::move(*model);
  EXPECT_EQ(moved.tensor("a")->bytes[0], std::byte{1});
  EXPECT_EQ(moved.tensor("a")->bytes[15], std::byte{106});
}

TEST(Gguf, MissingFileIsNotFound) {
  auto model = read_gguf("/no/such/file.gguf");
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, ErrorCode::not_found);
  EXPECT_NE(model.error().message().find("/no/such/file.gguf"), std::string::npos);
}

TEST(Metadata, WrongTypeNamesKeyExpectedAndFound) {
  auto model =
      read(builder().set_array<int8_t>("tokenizer.ggml.scores", {1, 2, 3}).set<int32_t>("n", 3).build());
  ASSERT_TRUE(model.ok()) << model.error().message();
  // An INT8 array read as floats was a heap overflow elsewhere; here it is another type.
  EXPECT_EQ(model->metadata.array<double>("tokenizer.ggml.scores"), nullptr);
  auto scores = model->metadata.get<std::vector<double>>("tokenizer.ggml.scores");
  ASSERT_FALSE(scores.ok());
  EXPECT_EQ(scores.error().code, ErrorCode::corrupt);
  EXPECT_EQ(scores.error().message(),
            "expected an array of floats, found an array of integers (metadata key tokenizer.ggml.scores)");
  EXPECT_FALSE(model->metadata.get<std::string>("n").ok());
  EXPECT_FALSE(model->metadata.get<bool>("n").ok());
}

TEST(Metadata, MissingKeyIsAnErrorUnlessThereIsAFallback) {
  Metadata metadata;
  metadata.set("n", int64_t{3});
  auto missing = metadata.get<int64_t>("llama.block_count");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message(),
            "expected an integer, found no such key (metadata key llama.block_count)");
  EXPECT_EQ(*metadata.get_or<int64_t>("llama.block_count", 7), 7);
  EXPECT_EQ(*metadata.get_or<int64_t>("n", 7), 3);
  EXPECT_FALSE(metadata.get_or<std::string>("n", "").ok());
  EXPECT_EQ(*metadata.get<double>("n"), 3.0);
}

TEST(Gguf, ReadsARealModel) {
  const char* path = std::getenv("UNDERSTUDY_TEST_MODEL");
  if (path == nullptr) GTEST_SKIP() << "UNDERSTUDY_TEST_MODEL names no GGUF file";
  auto model = read_gguf(path);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_TRUE(model->metadata.has(model->architecture + ".block_count"));
  ASSERT_NE(model->tensor("token_embd.weight"), nullptr);
  const auto* tokens = model->metadata.array<std::string>("tokenizer.ggml.tokens");
  ASSERT_NE(tokens, nullptr);
  EXPECT_EQ(static_cast<int64_t>(tokens->size()), model->tensor("token_embd.weight")->shape[1]);
}

}  // namespace
}  // namespace understudy
