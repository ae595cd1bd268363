#include "train/heads/linear_head_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "train/heads/testing/clusters.h"

namespace understudy {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string sample_bytes() {
  const Clusters train = make_clusters(3, 6, 5, 0.5, 1, 2), dev = make_clusters(3, 6, 5, 0.5, 1, 3);
  ThreadPool pool(1);
  auto fit =
      fit_linear_head({"embedder \"1\"", {"a", "b\n\"", "\xc3\xa4"}, train.rows(), dev.rows()}, 0.9, pool);
  return fit.ok() ? linear_head_bytes(fit->head) : "";
}

TEST(LinearHeadFile, ReadsBackTheSameHead) {
  const std::string bytes = sample_bytes();
  auto head = read_linear_head(as_bytes(bytes), "head");
  ASSERT_TRUE(head.ok()) << head.error().message();
  EXPECT_EQ(linear_head_bytes(*head), bytes);
  EXPECT_EQ(head->embedder(), "embedder \"1\"");
  EXPECT_EQ(head->labels()[1], "b\n\"");
  EXPECT_EQ(head->width(), 5u);
  EXPECT_TRUE(head->answer(std::vector<float>(5, 0.1f)).ok());
}

TEST(LinearHeadFile, EveryCutIsRefused) {
  const std::string bytes = sample_bytes();
  for (size_t size = 0; size < bytes.size(); size++) {
    auto head = read_linear_head(as_bytes(std::string_view(bytes).substr(0, size)), "head");
    ASSERT_FALSE(head.ok()) << size;
    EXPECT_EQ(head.error().code, ErrorCode::corrupt);
    EXPECT_EQ(head.error().where, "head");
  }
  EXPECT_FALSE(read_linear_head(as_bytes(bytes + "more"), "head").ok());
}

// A flipped bit is refused or gives another head that answers; nothing else.
TEST(LinearHeadFile, FlippedBitsAreRefusedOrHarmless) {
  const std::string good = sample_bytes();
  for (size_t bit = 0; bit < good.size() * 8; bit++) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    auto head = read_linear_head(as_bytes(bytes), "head");
    if (!head.ok()) continue;
    auto answer = head->answer(std::vector<float>(head->width(), 0.5f));
    ASSERT_TRUE(answer.ok());
    EXPECT_GE(answer->confidence, 0);
    EXPECT_LE(answer->confidence, 1);
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

TEST(LinearHeadFile, LiesAreRefused) {
  const std::string good = sample_bytes();
  const std::pair<std::string_view, std::string_view> lies[] = {
      {"understudy linear head 1", "understudy linear head 9"},
      {R"("shape":[3,5])", R"("shape":[4,5])"},
      {R"("shape":[3,5])", R"("shape":[3,4611686018427387904])"},
      {R"("shape":[3,5])", R"("shape":[-3,5])"},
      {R"("shape":[3])", R"("shape":[3,1])"},
      {R"("data_offsets":[0,12])", R"("data_offsets":[12,0])"},
      {R"("data_offsets":[0,12])", R"("data_offsets":[4,16])"},
      {R"("data_offsets":[0,12])", R"("data_offsets":[0,18446744073709551615])"},
      {R"("dtype":"F32")", R"("dtype":"F16")"},
      {R"("temperature":")", R"("temperature":"-)"},
      {R"("temperature":")", R"("temperature":"nan)"},
      {R"("max_distance")", R"("distance")"},
      {R"([\"a\",)", R"([\"a\",\"a\",)"},
      {R"([\"a\",)", R"([)"},
      {R"([\"a\",)", R"([[],)"},
      {R"("weight")", R"("weights")"},
  };
  for (const auto& [from, to] : lies) {
    auto head = read_linear_head(as_bytes(with_header(good, from, to)), "head");
    ASSERT_FALSE(head.ok()) << from << " -> " << to;
    EXPECT_EQ(head.error().code, ErrorCode::corrupt);
  }
}

TEST(LinearHeadFile, RandomBytesAreRefused) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; i++) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() >= 8) std::memset(bytes.data() + 1, 0, 7);  // a length that may fit
    EXPECT_FALSE(read_linear_head(as_bytes(bytes), "head").ok());
  }
}

}  // namespace
}  // namespace understudy
