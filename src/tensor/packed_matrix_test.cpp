#include "tensor/packed_matrix.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>

#include "tensor/half.h"
#include "tensor/testing/random_blocks.h"

namespace understudy {
namespace {

// Blocks and the values that gguf-py gives them, as bits (tests/golden/export_quant_blocks.py).
struct KnownBlock {
  std::vector<std::byte> bytes;
  std::vector<uint32_t> values;
};

std::vector<KnownBlock> known_blocks(DType dtype) {
  std::ifstream file(std::string(UNDERSTUDY_SOURCE_DIR) + "/tests/golden/quant_blocks.txt");
  std::vector<KnownBlock> blocks;
  for (std::string name, bytes, values; file >> name >> bytes >> values;) {
    if (name != info(dtype).name) continue;
    KnownBlock& block = blocks.emplace_back();
    const auto number = [](const std::string& digits, size_t at, size_t count) {
      return static_cast<uint32_t>(std::stoul(digits.substr(at, count), nullptr, 16));
    };
    for (size_t i = 0; i < bytes.size(); i += 2)
      block.bytes.push_back(static_cast<std::byte>(number(bytes, i, 2)));
    for (size_t i = 0; i < values.size(); i += 8) block.values.push_back(number(values, i, 8));
  }
  return blocks;
}

TEST(PackedMatrix, UnpacksBlocksAsGgufPyReadsThem) {
  ThreadPool pool(2);
  for (const DTypeInfo& type : kDTypes) {
    if (type.codes.bits == 0) continue;
    const auto known = known_blocks(type.dtype);
    ASSERT_EQ(known.size(), 3u) << type.name;
    const int k = 1024;
    const size_t row_blocks = static_cast<size_t>(k) / type.block;
    // Neighbouring rows and blocks differ.
    const auto block_of = [&](size_t row, size_t i) -> const KnownBlock& {
      return known[(row + row / 3 + i) % 3];
    };
    for (size_t rows : {1, 15, 16, 37}) {
      std::vector<std::byte> file;
      for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < row_blocks; i++)
          file.insert(file.end(), block_of(r, i).bytes.begin(), block_of(r, i).bytes.end());
      }
      const auto packed =
          PackedMatrix::pack(type.dtype, static_cast<int>(rows), k, file, pool, std::make_shared<Arena>());
      std::vector<float> row(static_cast<size_t>(k));
      for (size_t r = 0; r < rows; r++) {
        packed.unpack_row(static_cast<int>(r), row.data());
        for (size_t i = 0; i < row.size(); i++) {
          const uint32_t expected = block_of(r, i / type.block).values[i % type.block];
          ASSERT_EQ(row[i], std::bit_cast<float>(expected)) << type.name << " row " << r << " at " << i;
        }
      }
    }
  }
}

TEST(PackedMatrix, UnpacksFloatsExactly) {
  ThreadPool pool(2);
  const int rows = 37, k = 96;
  for (DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const auto file = random_blocks(dtype, static_cast<size_t>(rows * k), 7);
    const auto packed = PackedMatrix::pack(dtype, rows, k, file, pool, std::make_shared<Arena>());
    std::vector<float> row(static_cast<size_t>(k));
    for (int r = 0; r < rows; r++) {
      packed.unpack_row(r, row.data());
      for (int i = 0; i < k; i++) {
        uint32_t bits = 0;
        std::memcpy(&bits, &file[static_cast<size_t>(r * k + i) * info(dtype).bytes], info(dtype).bytes);
        float expected = std::bit_cast<float>(bits);
        if (dtype == DType::f16) expected = f16_to_f32(static_cast<uint16_t>(bits));
        if (dtype == DType::bf16) expected = bf16_to_f32(static_cast<uint16_t>(bits));
        ASSERT_EQ(row[static_cast<size_t>(i)], expected) << info(dtype).name << " row " << r << " at " << i;
      }
    }
  }
}

TEST(PackedMatrix, LayoutGrowsByLessThanFourPercent) {
  for (const DTypeInfo& type : kDTypes) {
    const DType dtype = type.dtype;
    double file = 16.0 * 2048 / info(dtype).block * info(dtype).bytes;
    EXPECT_LE(static_cast<double>(panel_bytes(dtype, 2048)), 1.04 * file) << info(dtype).name;
  }
}

TEST(Half, RoundTripsEveryBitPattern) {
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7fff) > 0x7c00) continue;  // NaN payloads
    EXPECT_EQ(f32_to_f16(f16_to_f32(half)), half);
  }
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_bf16(1.00390625f), 0x3f80);  // halfway: to even
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(NAN))));
}

}  // namespace
}  // namespace understudy
