#include "arch/adapter_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "arch/testing/layer_list.h"
#include "base/sha256.h"

namespace understudy {
namespace {

const std::string kBase = "0123456789abcdef";

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

const LayerList& network() {
  static const LayerList list(
      {{"blk.0.attn_q", 32, 48}, {"blk.0.ffn_down", 64, 32}, {"blk.1.attn_q", 32, 48}});
  return list;
}

// Of a rank that is no whole vector, with values in both halves.
Adapter sample_adapter(std::function<bool(std::string_view)> layers = {}) {
  auto made = make_adapter(network(), {.rank = 3, .alpha = 5, .layers = std::move(layers), .seed = 7});
  EXPECT_TRUE(made.ok()) << made.error().message();
  Adapter adapter = *made;
  for (const AdapterPair& pair : adapter.pairs) {
    for (int i = 0; i < pair.rank * pair.outputs; i++)
      adapter.values[pair.b + static_cast<size_t>(i)] = 0.25f * static_cast<float>(i % 7) - 0.5f;
  }
  return adapter;
}

std::string sample_bytes() {
  auto bytes = adapter_bytes(sample_adapter(), network(), kBase, "{\"epochs\": 3}");
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return *bytes;
}

Result<AdapterFile> read(std::string_view bytes) {
  return read_adapter(as_bytes(bytes), "adapter.safetensors", network(), kBase);
}

TEST(MakeAdapter, IsUniformInAAndZeroInB) {
  auto made = make_adapter(network(), {.rank = 20, .alpha = 40, .layers = {}, .seed = 1});
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_TRUE(check_adapter(*made, network()).ok());
  for (const AdaptableLayer& layer : network().adaptable_layers()) {
    const AdapterPair* pair = made->pair(layer.id);
    ASSERT_NE(pair, nullptr);
    EXPECT_EQ(pair->scale, 2.0f);
    const double bound = 1 / std::sqrt(layer.inputs);
    double sum = 0, squares = 0;
    for (int i = 0; i < static_cast<int>(pair->a_size()); i++) {
      const double value = static_cast<double>(made->values[pair->a + static_cast<size_t>(i)]);
      if (i % pair->padded_rank() >= pair->rank) {
        ASSERT_EQ(value, 0);
        continue;
      }
      ASSERT_LE(std::abs(value), bound);
      sum += value / bound;
      squares += value * value / (bound * bound);
    }
    const int count = layer.inputs * pair->rank;  // 640 and 1,280: a standard error of at most 0.023
    EXPECT_NEAR(sum / count, 0, 0.1);
    EXPECT_NEAR(squares / count, 1.0 / 3, 0.05);
    for (size_t i = 0; i < pair->b_size(); i++) ASSERT_EQ(made->values[pair->b + i], 0);
  }
  auto again = make_adapter(network(), {.rank = 20, .alpha = 40, .layers = {}, .seed = 1});
  EXPECT_EQ(again->values, made->values);
  again = make_adapter(network(), {.rank = 20, .alpha = 40, .layers = {}, .seed = 2});
  EXPECT_NE(again->values, made->values);
}

TEST(MakeAdapter, TakesTheChosenLayersAndRefusesWhatIsOutOfRange) {
  auto made = make_adapter(network(), {.layers = [](std::string_view name) { return name.ends_with("_q"); }});
  ASSERT_TRUE(made.ok());
  EXPECT_NE(made->pair(0), nullptr);
  EXPECT_EQ(made->pair(1), nullptr);
  EXPECT_NE(made->pair(2), nullptr);
  const auto refused = [](const AdapterOptions& options) {
    auto result = make_adapter(network(), options);
    return result.ok() ? "" : result.error().where;
  };
  EXPECT_EQ(refused({.rank = 0}), "rank");
  EXPECT_EQ(refused({.rank = kMaxAdapterRank + 1}), "rank");
  EXPECT_EQ(refused({.alpha = 0}), "alpha");
  EXPECT_EQ(refused({.alpha = std::numeric_limits<float>::quiet_NaN()}), "alpha");
  EXPECT_EQ(refused({.layers = [](std::string_view) { return false; }}), "layers");
}

TEST(CheckAdapter, RefusesPairsThatDoNotFit) {
  const auto refused = [](const std::function<void(Adapter&)>& spoil) {
    Adapter adapter = sample_adapter();
    spoil(adapter);
    const Status status = check_adapter(adapter, network());
    return !status.ok() && status.error().where == "adapter";
  };
  EXPECT_FALSE(refused([](Adapter&) {}));
  EXPECT_TRUE(refused([](Adapter& a) { a = {}; }));
  EXPECT_TRUE(refused([](Adapter& a) { a.pairs[0].inputs = 64; }));
  EXPECT_TRUE(refused([](Adapter& a) { a.pairs[1].outputs = 48; }));
  EXPECT_TRUE(refused([](Adapter& a) { a.pairs[1].rank = -1; }));
  EXPECT_TRUE(refused([](Adapter& a) { a.pairs[1].rank = 1 << 30; }));
  EXPECT_TRUE(refused([](Adapter& a) { a.pairs[2].b++; }));
  EXPECT_TRUE(refused([](Adapter& a) { a.pairs[0].a = std::numeric_limits<size_t>::max(); }));
  EXPECT_TRUE(refused([](Adapter& a) { a.values.pop_back(); }));
  EXPECT_TRUE(refused([](Adapter& a) { a.add_pair(3, 32, 48, 3, 1); }));
}

TEST(AdapterFile, ReadsBackTheSameAdapter) {
  const std::string bytes = sample_bytes();
  auto file = read(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const Adapter adapter = sample_adapter();
  ASSERT_EQ(file->adapter.values.size(), adapter.values.size());
  EXPECT_EQ(std::memcmp(file->adapter.values.data(), adapter.values.data(), adapter.values.size() * 4), 0);
  for (int id = 0; id < 3; id++) {
    ASSERT_NE(file->adapter.pair(id), nullptr);
    EXPECT_EQ(file->adapter.pair(id)->scale, adapter.pair(id)->scale);
    EXPECT_EQ(file->adapter.pair(id)->a, adapter.pair(id)->a);
  }
  EXPECT_EQ(file->info, "{\"epochs\": 3}");
  EXPECT_EQ(file->digest, sha256_hex(bytes));
  EXPECT_EQ(*adapter_bytes(file->adapter, network(), kBase, file->info), bytes);
  // The true rank is in the file: 3 of 16 columns.
  EXPECT_LT(bytes.size(), 1200 + 3 * 4 * (2 * (32 + 48) + 64 + 32u));
}

TEST(AdapterFile, AnAdapterOfSomeLayersReadsBackToo) {
  const Adapter adapter = sample_adapter([](std::string_view name) { return name == "blk.1.attn_q"; });
  auto file = read(*adapter_bytes(adapter, network(), kBase, ""));
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->adapter.pair(0), nullptr);
  EXPECT_EQ(file->adapter.values, adapter.values);
}

TEST(AdapterFile, WhatCannotBeWrittenIsRefused) {
  const auto refused = [](const Adapter& adapter, const std::string& info) {
    auto bytes = adapter_bytes(adapter, network(), kBase, info);
    return bytes.ok() ? "" : bytes.error().where;
  };
  EXPECT_EQ(refused(Adapter(), ""), "adapter");
  Adapter mixed = sample_adapter();
  mixed.pairs[1].scale *= 2;
  EXPECT_EQ(refused(mixed, ""), "adapter");
  EXPECT_EQ(refused(sample_adapter(), std::string(kMaxAdapterInfoBytes + 1, 'x')), "info");
  EXPECT_EQ(refused(sample_adapter(), "\xff"), "info");
}

TEST(AdapterFile, AnotherModelsAdapterNamesBothDigests) {
  auto file = read_adapter(as_bytes(sample_bytes()), "a", network(), "fedcba");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(file.error().what.find("expected the digest fedcba, found " + kBase), std::string::npos)
      << file.error().what;
}

TEST(AdapterFile, EveryCutIsRefused) {
  const std::string bytes = sample_bytes();
  for (size_t size = 0; size < bytes.size(); size++) {
    auto file = read(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(file.ok()) << size;
    ASSERT_EQ(file.error().code, ErrorCode::corrupt) << size;
    ASSERT_TRUE(file.error().where.starts_with("adapter.safetensors"));
  }
  EXPECT_FALSE(read(bytes + "more").ok());
}

// A flipped bit is refused or gives another adapter that fits; nothing else.
TEST(AdapterFile, FlippedBitsAreRefusedOrHarmless) {
  const std::string good = sample_bytes();
  uint64_t header = 0;
  std::memcpy(&header, good.data(), 8);
  for (size_t byte = 0; byte < good.size(); byte++) {
    for (int bit = 0; bit < 8; bit++) {
      if (byte > 8 + header + 64 && bit < 6) continue;  // one value of f32 is as good as another
      std::string bytes = good;
      bytes[byte] = static_cast<char>(bytes[byte] ^ (1 << bit));
      auto file = read(bytes);
      if (!file.ok()) continue;
      ASSERT_TRUE(check_adapter(file->adapter, network()).ok()) << byte;
      ASSERT_NE(file->digest, sha256_hex(good));
      for (const float value : file->adapter.values) ASSERT_TRUE(std::isfinite(value)) << byte;
    }
  }
}

// `good` with one text of its header replaced; the length is mended, so that only the replacement is wrong.
std::string with_header(const std::string& good, std::string_view from, std::string_view to) {
  uint64_t length = 0;
  std::memcpy(&length, good.data(), 8);
  std::string header = good.substr(8, length);
  const std::string data = good.substr(8 + length);
  const size_t at = header.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) header.replace(at, from.size(), to);
  length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

TEST(AdapterFile, LiesAreRefused) {
  const std::string good = sample_bytes();
  const std::pair<std::string_view, std::string_view> lies[] = {
      {"understudy adapter 1", "understudy adapter 2"},
      {R"("format")", R"("form")"},
      {R"("rank":"3")", R"("rank":"4")"},
      {R"("rank":"3")", R"("rank":"0")"},
      {R"("rank":"3")", R"("rank":"3x")"},
      {R"("rank":"3")", R"("rank":"99999999999999999999")"},
      {R"("rank":"3")", R"("rank":3)"},
      {R"("scale":")", R"("scale":"-)"},
      {R"("scale":"1.6666666")", R"("scale":"inf")"},
      {R"("scale":"1.6666666")", R"("scale":"nan")"},
      {R"("scale":"1.6666666")", R"("scale":"")"},
      {"blk.1.attn_q.lora_a", "blk.2.attn_q.lora_a"},
      {"blk.1.attn_q.lora_a", "blk.0.attn_q.lora_a"},
      {"blk.1.attn_q.lora_a", "blk.1.attn_q.lora_c"},
      {"blk.1.attn_q.lora_a", ".lora_a"},
      {"blk.1.attn_q.lora_a", "a"},
      {R"("shape":[32,3])", R"("shape":[3,32])"},
      {R"("shape":[32,3])", R"("shape":[96])"},
      {R"("shape":[3,48])", R"("shape":[3,48,1])"},
      {R"("dtype":"F32","shape":[32,3])", R"("dtype":"I32","shape":[32,3])"},
      {R"("dtype":"F32","shape":[32,3])", R"("dtype":"F16","shape":[32,6])"},
      {R"("data_offsets":[0,384])", R"("data_offsets":[384,0])"},
      {R"("data_offsets":[0,384])", R"("data_offsets":[0,18446744073709551615])"},
  };
  for (const auto& [from, to] : lies) {
    auto file = read(with_header(good, from, to));
    ASSERT_FALSE(file.ok()) << from << " -> " << to;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt) << file.error().message();
  }
}

TEST(AdapterFile, HalfAPairNoPairAndNoNumberAreRefused) {
  const std::string metadata =
      R"("__metadata__":{"format":"understudy adapter 1","base":")" + kBase + R"(","rank":"1","scale":"2"})";
  const auto file_of = [&](const std::string& tensors, const std::string& data) {
    const std::string header = "{" + metadata + tensors + "}";
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
  };
  const std::string a = R"(,"blk.0.attn_q.lora_a":{"dtype":"F32","shape":[32,1],"data_offsets":[0,128]})",
                    b = R"(,"blk.0.attn_q.lora_b":{"dtype":"F32","shape":[1,48],"data_offsets":[128,320]})";
  EXPECT_TRUE(read(file_of(a + b, std::string(320, '\0'))).ok());
  auto half = read(file_of(a, std::string(128, '\0')));
  ASSERT_FALSE(half.ok());
  EXPECT_NE(half.error().what.find("blk.0.attn_q"), std::string::npos);
  EXPECT_FALSE(read(file_of("", "")).ok());
  for (const float value :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    for (const size_t at : {0, 124, 128, 316}) {
      std::string data(320, '\0');
      std::memcpy(&data[at], &value, sizeof(value));
      auto file = read(file_of(a + b, data));
      ASSERT_FALSE(file.ok()) << at;
      EXPECT_EQ(file.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(AdapterFile, RandomBytesAreRefused) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; i++) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() >= 8) std::memset(bytes.data() + 1, 0, 7);  // a length that may fit
    EXPECT_FALSE(read(bytes).ok());
  }
}

}  // namespace
}  // namespace understudy
