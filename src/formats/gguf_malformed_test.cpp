// Hostile GGUF files: each crafted file gives the right error, naming the right thing; truncated and
// bit-flipped files give an error or a ModelFile that keeps its promises; no file makes the reader allocate
// beyond its bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>

#include "formats/allocation_meter_test.h"
#include "formats/gguf.h"
#include "formats/gguf_builder_test.h"
#include "formats/limits.h"

namespace understudy {
namespace {

constexpr uint32_t kF32 = 0;
constexpr uint32_t kU8 = static_cast<uint32_t>(GgufType::u8);
constexpr uint32_t kU32 = static_cast<uint32_t>(GgufType::u32);
constexpr uint32_t kBool = static_cast<uint32_t>(GgufType::boolean);
constexpr uint32_t kString = static_cast<uint32_t>(GgufType::string);
constexpr uint32_t kArray = static_cast<uint32_t>(GgufType::array);
constexpr uint64_t kHuge = UINT64_MAX;

struct Case {
  std::string name;
  std::string file;
  ErrorCode code;
  std::string what, where;  // substrings of the error's fields
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

// Reads an exact-size copy, so that a sanitizer sees any read past the end.
Result<ModelFile> read(std::string_view file, std::vector<std::byte>& copy) {
  auto bytes = std::as_bytes(std::span(file));
  copy.assign(bytes.begin(), bytes.end());
  copy.shrink_to_fit();
  return read_gguf(copy, "bad.gguf");
}

GgufBuilder builder() {
  GgufBuilder builder;
  builder.set("general.architecture", "llama");
  return builder;
}

GgufBuilder aligned_to(uint64_t alignment) {
  GgufBuilder file = builder();
  file.set("general.alignment", alignment);
  return file.tensor("a", DType::f32, {4});
}

GgufBuilder with_tensor(const std::vector<uint64_t>& shape, uint32_t type = kF32, uint64_t offset = 0) {
  return builder().raw_tensor("blk.0.attn_q.weight", shape, type, offset).data(4096);
}

std::string with_key_bytes(const std::string& pair) { return builder().raw_key(pair).data(64).build(); }

std::vector<Case> header_cases() {
  GgufBuilder keys = builder(), tensors = builder(), few_keys = builder(), few_tensors = builder();
  GgufBuilder many_tensors = with_tensor({4});
  many_tensors.tensor_count = 2000;
  keys.key_count = kHuge;
  tensors.tensor_count = kHuge;
  few_keys.key_count = 2;
  few_keys.tensor("a", DType::f32, {64});
  few_tensors.tensor("a", DType::f32, {64}).tensor_count = 2;
  auto version = [](uint32_t number) {
    GgufBuilder file = builder();
    file.version = number;
    return file.build();
  };
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  return {
      {"empty file", "", corrupt, "not a GGUF file", "bad.gguf"},
      {"three bytes", "GGU", corrupt, "not a GGUF file", "bad.gguf"},
      {"web page", "<!DOCTYPE html><html>", corrupt, "not a GGUF file", "bad.gguf"},
      {"magic only", "GGUF", corrupt, "ends inside the version", "bad.gguf"},
      {"version 0", version(0), unsupported, "expected 2 or 3, found 0", ""},
      {"version 1", version(1), unsupported, "expected 2 or 3, found 1", ""},
      {"version 4", version(4), unsupported, "expected 2 or 3, found 4", ""},
      {"big-endian", version(0x03000000), unsupported, "big-endian GGUF file of version 3", ""},
      {"2^64-1 keys", keys.build(), corrupt, "cannot hold the 18446744073709551615 metadata keys",
       "bad.gguf"},
      {"2^64-1 tensors", tensors.build(), corrupt, "cannot hold the 18446744073709551615 tensors",
       "bad.gguf"},
      {"as many tensors as half its bytes", many_tensors.build(), corrupt, "cannot hold the 2000 tensors",
       "bad.gguf"},
      {"one key too many", few_keys.build(), corrupt, "", ""},
      {"one tensor too many", few_tensors.build(), corrupt, "", "tensor "},
  };
}

std::vector<Case> key_cases() {
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += gguf_bytes(kArray) + gguf_bytes<uint64_t>(1);
  auto array = [](uint32_t type, uint64_t count) {
    return builder().set_raw_array("x.list", type, count, "").build();
  };
  auto value = [](uint32_t type, const std::string& bytes) {
    return builder().set_raw("x.value", type, bytes).build();
  };
  const std::string bomb(kDecodeSlackBytes / 4, '\0');
  return {
      {"key length 2^64-1", with_key_bytes(gguf_bytes(kHuge)), corrupt, "name is too long", "key 2 of 2"},
      {"key length beyond the file", with_key_bytes(gguf_bytes<uint64_t>(60'000)), corrupt, "ends inside",
       "key 2"},
      {"key of 65,536 bytes", builder().set(std::string(65'536, 'k'), "").build(), corrupt,
       "expected at most 65535 bytes, found 65536", "key 2"},
      {"empty key", builder().set("", "value").build(), corrupt, "empty", "key 2"},
      {"NUL in key", builder().set(std::string("a\0b", 3), "").build(), corrupt, "printable ASCII", "key 2"},
      {"escape sequence in key", builder().set("\x1b[31mred", "").build(), corrupt, "printable ASCII",
       "key 2"},
      {"duplicate key", builder().set("x.a", true).set("x.a", true).build(), corrupt, "twice", "key x.a"},
      {"unknown type", value(13, "12345678"), corrupt, "unknown value type 13", "key x.value"},
      {"type 2^32-1", value(UINT32_MAX, "12345678"), corrupt, "unknown value type 4294967295", "key x.value"},
      {"bool 2", value(kBool, "\x02"), corrupt, "expected 0 or 1, found 2", "key x.value"},
      {"u64 above 2^63-1", builder().set<uint64_t>("x.n", 1ull << 63).build(), corrupt, "at most 2^63-1",
       "key x.n"},
      {"string length 2^64-1", value(kString, gguf_bytes(kHuge)), corrupt, "ends inside the string",
       "key x.value"},
      {"string one byte too long", value(kString, gguf_bytes<uint64_t>(4) + "abc"), corrupt,
       "expected 4 bytes at offset 96, found 3", "key x.value"},
      {"number cut short", value(kU32, "abc"), corrupt, "expected 4 bytes", "key x.value"},
      {"nested array", array(kArray, 1), unsupported, "array of arrays", "key x.list"},
      {"10,000 nested arrays", value(kArray, deep), unsupported, "array of arrays", "key x.value"},
      {"array of unknown type", array(99, 0), corrupt, "unknown array element type 99", "key x.list"},
      {"array of 2^64-1 bytes", array(kU8, kHuge), corrupt, "longer than the file", "key x.list"},
      {"array of 2^63 numbers", array(kU32, 1ull << 63), corrupt, "longer than the file", "key x.list"},
      {"array of 2^61 strings", array(kString, 1ull << 61), corrupt, "longer than the file", "key x.list"},
      {"array one element short", builder().set_raw_array("x.list", kU32, 2, "1234").build(), corrupt,
       "2 elements of at least 4 bytes, found 4", "key x.list"},
      {"string array with a long element",
       builder().set_raw_array("x.list", kString, 1, gguf_bytes<uint64_t>(1ull << 40)).build(), corrupt,
       "ends inside the string", "key x.list"},
      {"bool array with a 3", builder().set_raw_array("x.list", kBool, 2, "\x01\x03").build(), corrupt,
       "expected 0 or 1, found 3", "key x.list"},
      {"u64 array above 2^63-1", builder().set_array<uint64_t>("x.list", {1, kHuge}).build(), corrupt,
       "at most 2^63-1", "key x.list"},
      {"bytes that decode to eight times their size",
       builder().set_raw_array("x.list", kU8, bomb.size(), bomb).build(), unsupported, "more memory",
       "key x.list"},
  };
}

std::vector<Case> meaning_cases() {
  const auto corrupt = ErrorCode::corrupt;
  GgufBuilder number, empty, escape;
  number.set<uint32_t>("general.architecture", 1);
  empty.set("general.architecture", "");
  escape.set("general.architecture", "llama\n");
  auto aligned = [](uint64_t value) { return aligned_to(value).build(); };
  return {
      {"no architecture", GgufBuilder().build(), corrupt, "expected a string, found no such key",
       "general.architecture"},
      {"architecture is a number", number.build(), corrupt, "expected a string, found an integer",
       "key general.architecture"},
      {"empty architecture", empty.build(), corrupt, "expected a name", "key general.architecture"},
      {"architecture with a line break", escape.build(), corrupt, "expected a name",
       "key general.architecture"},
      {"alignment 0", aligned(0), corrupt, "power of two from 8 to 65536, found 0", "key general.alignment"},
      {"alignment 3", aligned(3), corrupt, "found 3", "key general.alignment"},
      {"alignment 4", aligned(4), corrupt, "found 4", "key general.alignment"},
      {"alignment 48", aligned(48), corrupt, "found 48", "key general.alignment"},
      {"alignment 2^31", aligned(1ull << 31), corrupt, "found 2147483648", "key general.alignment"},
      {"alignment -8", builder().set<int32_t>("general.alignment", -8).build(), corrupt, "found -8",
       "key general.alignment"},
      {"alignment as text", builder().set("general.alignment", "32").build(), corrupt,
       "expected an integer, found a string", "key general.alignment"},
      {"one part of three", builder().set<uint16_t>("split.count", 3).build(), ErrorCode::unsupported,
       "one of 3 parts", "key split.count"},
      {"split count as text", builder().set("split.count", "3").build(), corrupt, "expected an integer",
       "key split.count"},
  };
}

std::vector<Case> tensor_cases() {
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  const std::string where = "bad.gguf: tensor blk.0.attn_q.weight";
  const uint64_t two32 = 1ull << 32;
  auto named = [](const std::string& name) {
    return builder().raw_tensor(name, {4}, kF32, 0).data(64).build();
  };
  auto axes = [](uint32_t count) {
    GgufBuilder file = builder();
    file.tensor_count = 1;
    return file
        .raw_key(gguf_bytes(std::string("x")) + gguf_bytes(kU8) + "1" + gguf_bytes(std::string("bad_axes")) +
                 gguf_bytes(count))
        .data(256)
        .build();
  };
  auto two = [](uint64_t first, uint64_t second) {
    return builder()
        .raw_tensor("first", {16}, kF32, first)
        .raw_tensor("second", {16}, kF32, second)
        .data(256)
        .build();
  };
  auto missing_data = builder().tensor("a", DType::f32, {64}).build();
  return {
      {"empty name", named(""), corrupt, "empty", "tensor 1 of 1"},
      {"name of 65 bytes", named(std::string(65, 'n')), corrupt, "expected at most 64 bytes, found 65",
       "tensor 1"},
      {"line break in name", named("a\nb"), corrupt, "printable ASCII", "tensor 1 of 1"},
      {"duplicate name",
       builder()
           .tensor("twin", DType::f32, {4})
           .tensor("other", DType::f32, {4})
           .tensor("twin", DType::f32, {4})
           .build(),
       corrupt, "two tensors have this name", "tensor twin"},
      {"no axes", axes(0), corrupt, "expected 1 to 4, found 0", "tensor bad_axes"},
      {"5 axes", axes(5), corrupt, "expected 1 to 4, found 5", "tensor bad_axes"},
      {"2^32-1 axes", axes(UINT32_MAX), corrupt, "found 4294967295", "tensor bad_axes"},
      {"axis of 0", with_tensor({0}).build(), corrupt, "axis 0: expected 1 to 2^63-1, found 0", where},
      {"second axis of 0", with_tensor({4, 0}).build(), corrupt, "axis 1: expected 1 to 2^63-1, found 0",
       where},
      {"axis of 2^63", with_tensor({1ull << 63}).build(), corrupt, "found 9223372036854775808", where},
      {"axis of -1", with_tensor({kHuge}).build(), corrupt, "found 18446744073709551615", where},
      {"2^64 elements", with_tensor({two32, two32}).build(), corrupt, "overflows", where},
      {"2^128 elements", with_tensor({two32, two32, two32, two32}).build(), corrupt, "overflows", where},
      {"2^62 elements of 4 bytes", with_tensor({1ull << 62}).build(), corrupt, "overflows", where},
      {"wraps to one element", with_tensor({two32, two32, 1, 1}).build(), corrupt, "overflows", where},
      {"half a Q4_0 block", with_tensor({16}, 2).build(), corrupt, "multiple of Q4_0's block of 32, found 16",
       where},
      {"Q4_K row of 288", with_tensor({288}, 12).build(), corrupt,
       "multiple of Q4_K's block of 256, found 288", where},
      {"type IQ2_XXS", with_tensor({256}, 16).build(), unsupported, "tensor type IQ2_XXS (16)", where},
      {"type 255", with_tensor({32}, 255).build(), unsupported, "tensor type 255", where},
      {"type 2^32-1", with_tensor({32}, UINT32_MAX).build(), unsupported, "tensor type 4294967295", where},
      {"offset 4", with_tensor({4}, kF32, 4).build(), corrupt, "expected a multiple of 32, found 4", where},
      {"offset 2^64-32", with_tensor({64}, kF32, kHuge - 31).build(), corrupt, "outside the file", where},
      {"offset at the end", with_tensor({4}, kF32, 4096).build(), corrupt, "outside the file", where},
      {"one element beyond the end", with_tensor({1025}).build(), corrupt, "4100 bytes at offset 0", where},
      {"a terabyte", with_tensor({two32, 64}).build(), corrupt, "outside the file", where},
      {"last byte missing", missing_data.substr(0, missing_data.size() - 1), corrupt, "outside the file",
       "tensor a"},
      {"no data section", builder().raw_tensor("a", {4}, kF32, 0).build(), corrupt, "outside the file",
       "tensor a"},
      {"same bytes", two(0, 0), corrupt, "overlap", "tensor "},
      {"overlap", two(0, 32), corrupt, "overlap those of first", "tensor second"},
      {"overlap, reversed", two(32, 0), corrupt, "overlap those of second", "tensor first"},
  };
}

class MalformedGguf : public ::testing::TestWithParam<Case> {};

TEST_P(MalformedGguf, GivesAClearError) {
  const Case& bad = GetParam();
  std::vector<std::byte> copy;
  auto model = read(bad.file, copy);
  ASSERT_FALSE(model.ok()) << bad.name;
  const Error& error = model.error();
  EXPECT_EQ(error.code, bad.code) << error.message();
  EXPECT_NE(error.what.find(bad.what), std::string::npos) << error.message();
  EXPECT_TRUE(error.where.starts_with("bad.gguf")) << error.message();
  EXPECT_NE(error.where.find(bad.where), std::string::npos) << error.message();
  EXPECT_FALSE(error.hint.empty());
  EXPECT_LT(error.message().size(), 500u);
}

std::string test_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Header, MalformedGguf, ::testing::ValuesIn(header_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(Key, MalformedGguf, ::testing::ValuesIn(key_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(Meaning, MalformedGguf, ::testing::ValuesIn(meaning_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(Tensor, MalformedGguf, ::testing::ValuesIn(tensor_cases()), test_name);

TEST(MalformedGgufHint, UnsupportedTypeListsTheSupportedOnes) {
  std::vector<std::byte> copy;
  auto model = read(with_tensor({256}, 16).build(), copy);
  ASSERT_FALSE(model.ok());
  EXPECT_NE(model.error().hint.find(supported_dtypes()), std::string::npos) << model.error().message();
}

// A file with all kinds of content, for damage at every place.
GgufBuilder varied_file() {
  GgufBuilder file = builder();
  file.set<uint32_t>("general.alignment", 32)
      .set<float>("llama.rope.freq_base", 1e4f)
      .set<bool>("x.flag", true);
  file.set<uint64_t>("llama.block_count", 2).set("tokenizer.ggml.model", "gpt2");
  file.set_array<std::string>("tokenizer.ggml.tokens", {"a", "b", "a token of more than fifteen bytes"});
  file.set_array<int32_t>("tokenizer.ggml.token_type", {1, 1, 3}).set_array<bool>("x.flags", {true, false});
  file.set_array<float>("tokenizer.ggml.scores", {0, -1, -2});
  file.tensor("token_embd.weight", DType::q8_0, {32, 3}).tensor("output_norm.weight", DType::f32, {32});
  return file.tensor("blk.0.ffn_up.weight", DType::q4_k, {256, 2});
}

// What ModelFile promises to its consumers.
void expect_valid(const ModelFile& model, std::span<const std::byte> file) {
  EXPECT_FALSE(model.architecture.empty());
  std::vector<std::span<const std::byte>> taken;
  for (const TensorView& tensor : model.tensors) {
    EXPECT_EQ(model.tensor(tensor.name), &tensor);
    ASSERT_GE(tensor.shape.size(), 1u);
    ASSERT_LE(tensor.shape.size(), 4u);
    for (int64_t length : tensor.shape) EXPECT_GE(length, 1);
    const DTypeInfo& type = info(tensor.dtype);
    EXPECT_EQ(tensor.shape[0] % type.block, 0);
    EXPECT_EQ(tensor.bytes.size(), static_cast<uint64_t>(tensor.elements()) / type.block * type.bytes);
    EXPECT_GE(tensor.bytes.data(), file.data());
    EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(), file.data() + file.size());
    for (auto other : taken) {
      EXPECT_TRUE(tensor.bytes.data() >= other.data() + other.size() ||
                  other.data() >= tensor.bytes.data() + tensor.bytes.size());
    }
    taken.push_back(tensor.bytes);
  }
}

TEST(DamagedGguf, EveryTruncationIsAnError) {
  const std::string file = varied_file().build();
  std::vector<std::byte> copy;
  ASSERT_TRUE(read(file, copy).ok());
  for (size_t length = 0; length < file.size(); ++length) {
    auto model = read(std::string_view(file).substr(0, length), copy);
    ASSERT_FALSE(model.ok()) << "cut to " << length << " of " << file.size() << " bytes";
    EXPECT_EQ(model.error().code, ErrorCode::corrupt);
  }
}

TEST(DamagedGguf, SingleBitFlipsGiveAnErrorOrAValidModel) {
  const GgufBuilder whole = varied_file();
  const size_t header_bits = whole.header_bytes() * 8;
  std::string file = whole.build();
  std::mt19937_64 random(20240607);
  std::vector<std::byte> copy;
  int errors = 0;
  for (int i = 0; i < 10'000; ++i) {
    size_t bit = random() % header_bits;
    char mask = static_cast<char>(1 << (bit % 8));
    file[bit / 8] ^= mask;
    auto model = read(file, copy);
    file[bit / 8] ^= mask;
    if (model.ok()) {
      expect_valid(*model, copy);
    } else {
      ++errors;
    }
  }
  // Both happen: most flips hit lengths, types and offsets, the others names and values.
  EXPECT_GT(errors, 2'000);
  EXPECT_LT(errors, 9'000);
}

TEST(GgufMemory, ClaimsOfAMalformedFileAllocateNothing) {
  for (auto cases : {header_cases(), key_cases(), meaning_cases(), tensor_cases()}) {
    for (const Case& bad : cases) {
      auto bytes = std::as_bytes(std::span(bad.file));
      AllocationMeter meter;
      EXPECT_FALSE(read_gguf(bytes, "bad.gguf").ok());
      EXPECT_LE(meter.peak_bytes(), bad.file.size() + 4096) << bad.name;
    }
  }
}

std::string repeated(const std::string& bytes, size_t count) {
  std::string all;
  all.reserve(bytes.size() * count);
  for (size_t i = 0; i < count; ++i) all += bytes;
  return all;
}

// Files that would decode to more memory than their size and the slack, for each kind of content.
std::vector<std::pair<std::string, std::string>> greedy_files() {
  const std::string many_bytes(3'000'000, '\1'), empty = gguf_bytes(std::string());
  const std::string short_strings = repeated(empty, 1'000'000);
  const std::string long_strings = repeated(gguf_bytes(std::string(16, 'x')), 1'500'000);
  GgufBuilder bytes = builder(), strings = builder(), heap_strings = builder(), keys = builder(),
              tensors = builder();
  for (const char* key : {"x.first", "x.second"}) {
    bytes.set_raw_array(key, kU8, many_bytes.size(), many_bytes);
    strings.set_raw_array(key, kString, 1'000'000, short_strings);
  }
  heap_strings.set_raw_array("x.list", kString, 1'500'000, long_strings);
  for (int i = 0; i < 400'000; ++i) keys.set<bool>(std::to_string(i), true);
  for (int i = 0; i < 400'000; ++i) tensors.raw_tensor(std::to_string(i), {1}, kF32, uint64_t(i) * 32);
  return {{"bytes", bytes.build()},
          {"strings", strings.build()},
          {"heap strings", heap_strings.build()},
          {"keys", keys.build()},
          {"tensors", tensors.build()}};
}

TEST(GgufMemory, DecodingStaysWithinTheFilesSizeAndTheSlack) {
  for (const auto& [name, file] : greedy_files()) {
    auto bytes = std::as_bytes(std::span(file));
    AllocationMeter meter;
    auto model = read_gguf(bytes, "greedy.gguf");
    ASSERT_FALSE(model.ok()) << name;
    EXPECT_EQ(model.error().code, ErrorCode::unsupported) << model.error().message();
    EXPECT_LE(meter.peak_bytes(), file.size() + kDecodeSlackBytes + 4096) << name;
  }
}

TEST(GgufMemory, LargestKnownVocabularyNeedsNoWeights) {
  // Gemma 4: the tokens and merges of a file that holds nothing else.
  constexpr size_t kTokens = 262'144, kMerges = 514'906;
  GgufBuilder file = builder();
  file.set_raw_array("tokenizer.ggml.tokens", kString, kTokens,
                     repeated(gguf_bytes(std::string("token")), kTokens));
  file.set_raw_array("tokenizer.ggml.merges", kString, kMerges,
                     repeated(gguf_bytes(std::string("left right")), kMerges));
  file.set_array("tokenizer.ggml.scores", std::vector<float>(kTokens));
  file.set_array("tokenizer.ggml.token_type", std::vector<int32_t>(kTokens, 1));
  std::vector<std::byte> copy;
  auto model = read(file.build(), copy);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->metadata.array<std::string>("tokenizer.ggml.merges")->back(), "left right");
}

}  // namespace
}  // namespace understudy
