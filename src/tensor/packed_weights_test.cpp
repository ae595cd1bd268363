#include "tensor/packed_weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/sha256.h"
#include "base/testing/temporary_folder.h"
#include "tensor/testing/random_blocks.h"

namespace understudy {
namespace {

using Access = PackedWeights::Access;

constexpr int kRows = 37, kK = 512;

std::vector<std::byte> file_of(const DTypeInfo& type) {
  return random_blocks(type.dtype, static_cast<size_t>(kRows * kK), 3);
}

class PackedWeightsTest : public testing::Test {
 protected:
  // One matrix of every type.
  PackedWeights fill(PackedWeights weights = {}) {
    for (const DTypeInfo& type : kDTypes)
      weights.get(std::string(type.name), type.dtype, kRows, kK, file_of(type), pool_);
    return weights;
  }
  void write() { ASSERT_TRUE(fill().write(path_, "source").ok()); }

  std::string contents() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void replace(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  ThreadPool pool_{2};
  TemporaryFolder folder_;
  const std::string path_ = folder_.file("model.packed");
};

TEST_F(PackedWeightsTest, ACopyHoldsTheSameBytes) {
  write();
  for (const Access access : {Access::read, Access::read_later, Access::map}) {
    auto copy = PackedWeights::read(path_, "source", access, pool_);
    ASSERT_TRUE(copy.ok()) << copy.error().message();
    PackedWeights packed;
    for (const DTypeInfo& type : kDTypes) {
      const auto file = file_of(type);
      const std::string name(type.name);
      // What the copy has is not packed: no file is needed.
      const PackedMatrix read = copy->get(name, type.dtype, kRows, kK, {}, pool_);
      const PackedMatrix expected = packed.get(name, type.dtype, kRows, kK, file, pool_);
      ASSERT_EQ(read.bytes(), expected.bytes());
      EXPECT_EQ(std::memcmp(read.panel(0), expected.panel(0), read.bytes()), 0) << name;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(read.panel(0)) % 64, 0u);
    }
    EXPECT_FALSE(copy->packed_anything());
    EXPECT_TRUE(packed.packed_anything());
  }
  EXPECT_TRUE(PackedWeights::verify(path_).ok());
}

TEST_F(PackedWeightsTest, MatricesOutliveTheWeights) {
  write();
  PackedMatrix matrix;
  {
    auto copy = PackedWeights::read(path_, "source", Access::read, pool_);
    ASSERT_TRUE(copy.ok());
    matrix = copy->get("F32", DType::f32, kRows, kK, {}, pool_);
  }
  std::vector<float> row(kK);
  matrix.unpack_row(3, row.data());
  float first = 0;
  std::memcpy(&first, file_of(info(DType::f32)).data() + 3 * kK * sizeof(float), sizeof(first));
  EXPECT_EQ(row[0], first);
}

TEST_F(PackedWeightsTest, WhatTheCopyLacksIsPacked) {
  write();
  auto copy = PackedWeights::read(path_, "source", Access::read, pool_);
  ASSERT_TRUE(copy.ok());
  const DTypeInfo& type = info(DType::q8_0);
  const auto file = file_of(type);
  // Another shape under a known name, and an unknown name.
  const auto half = std::span(file).first(file.size() / kRows * 16);
  EXPECT_EQ(copy->get("Q8_0", type.dtype, 16, kK, half, pool_).rows(), 16);
  EXPECT_TRUE(copy->packed_anything());
  const PackedMatrix other = copy->get("other", type.dtype, kRows, kK, file, pool_);
  ASSERT_TRUE(copy->write(path_, "source").ok());
  auto again = PackedWeights::read(path_, "source", Access::read, pool_);
  ASSERT_TRUE(again.ok());
  const PackedMatrix read = again->get("other", type.dtype, kRows, kK, {}, pool_);
  EXPECT_EQ(std::memcmp(read.panel(0), other.panel(0), other.bytes()), 0);
  EXPECT_FALSE(again->packed_anything());
}

TEST_F(PackedWeightsTest, RefusesWhatIsNotItsCopy) {
  const auto code = [&](const std::string& source = "source") {
    auto copy = PackedWeights::read(path_, source, Access::read, pool_);
    EXPECT_FALSE(copy.ok());
    return copy.ok() ? ErrorCode::internal : copy.error().code;
  };
  EXPECT_EQ(code(), ErrorCode::not_found);
  write();
  EXPECT_EQ(code("another"), ErrorCode::corrupt);
  const std::string whole = contents();
  const size_t header = whole.find("{\"source\"");
  ASSERT_NE(header, std::string::npos);
  const size_t begin = (whole.rfind("]}", 4095 + header) + 4095) / 4096 * 4096;

  for (size_t length = 0; length < whole.size(); length += length < begin ? 7 : 4099) {
    replace(whole.substr(0, length));
    ASSERT_EQ(code(), ErrorCode::corrupt) << length;
  }
  replace(whole + "x");
  EXPECT_EQ(code(), ErrorCode::corrupt);

  // Every field of the header, changed in place; of the last matrix, which ends where the file does.
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"weights 2", "weights 9"},
           {"\"bytes\":", "\"bites\":"},
           {"\"rows\":37", "\"rows\":99"},
           {"\"rows\":37", "\"rows\":-7"},
           {"\"rows\":37", "\"rows\": 0"},
           {"\"k\":512", "\"k\":513"},
           {"\"k\":512", "\"k\":  0"},
           {"\"dtype\":\"F32\"", "\"dtype\":\"F33\""},
           {"\"offset\":0", "\"offset\":1"},
           {"\"name\"", "\"nome\""},
           {"\"matrices\":[{", "\"matrices\":[[{"},
       }) {
    std::string broken = whole;
    const size_t at = broken.rfind(from);
    ASSERT_NE(at, std::string::npos) << from;
    broken.replace(at, from.size(), to);
    replace(broken.substr(0, whole.size()));
    EXPECT_EQ(code(), ErrorCode::corrupt) << from << " -> " << to;
  }
  std::string long_header = whole;
  const uint64_t much = ~uint64_t{0};
  std::memcpy(long_header.data() + header - 8, &much, 8);
  replace(long_header);
  EXPECT_EQ(code(), ErrorCode::corrupt);
}

TEST_F(PackedWeightsTest, VerifyFindsAFlippedBit) {
  write();
  std::string bytes = contents();
  bytes[bytes.size() - 1000] ^= 4;
  replace(bytes);
  const Status status = PackedWeights::verify(path_);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::corrupt);
  // Loading does not hash.
  EXPECT_TRUE(PackedWeights::read(path_, "source", Access::read, pool_).ok());
}

TEST_F(PackedWeightsTest, AFolderThatIsNoneIsAnError) {
  const Status status = fill().write("/dev/null/model.packed", "source");
  EXPECT_FALSE(status.ok());
}

// Copies on disk are read as they are. If this fails, the layout has changed: raise kPackedLayoutVersion, then put the
// printed digest here.
TEST_F(PackedWeightsTest, TheLayoutIsThatOfItsVersion) {
  Sha256 sha;
  PackedWeights weights;
  for (const DTypeInfo& type : kDTypes) {
    const auto file = file_of(type);
    const PackedMatrix matrix = weights.get(std::string(type.name), type.dtype, kRows, kK, file, pool_);
    sha.update({matrix.panel(0), matrix.bytes()});
  }
  EXPECT_EQ(kPackedLayoutVersion, 2);
  EXPECT_EQ(sha.hex(), "53cf8904ba92a7a19fe201229868a07083aaf745565b7484a1db1ecb21fe9a41");
}

}  // namespace
}  // namespace understudy
