#include "tensor/packed_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "tensor/half.h"
#include "tensor/quant_block.h"

namespace understudy {
namespace {

constexpr DType kAll[] = {DType::f32,  DType::f16,  DType::bf16, DType::q4_0, DType::q4_1,
                          DType::q5_0, DType::q8_0, DType::q4_k, DType::q6_k};

// Any bytes are a valid block, but scales must be finite: f16 fields are kept below infinity.
std::vector<std::byte> random_rows(DType dtype, int rows, int k, uint32_t seed) {
  std::mt19937 random(seed);
  size_t blocks = static_cast<size_t>(rows) * static_cast<size_t>(k) / info(dtype).block;
  std::vector<std::byte> bytes(blocks * info(dtype).bytes);
  for (auto& b : bytes) b = static_cast<std::byte>(random());
  auto put_half = [&](size_t at) {
    uint16_t half = f32_to_f16(std::uniform_real_distribution<float>(-0.02f, 0.02f)(random));
    std::memcpy(bytes.data() + at, &half, 2);
  };
  for (size_t i = 0; i < blocks; i++) {
    size_t at = i * info(dtype).bytes;
    if (dtype == DType::f32) {
      float value = std::normal_distribution<float>()(random);
      std::memcpy(bytes.data() + at, &value, 4);
    } else if (dtype == DType::bf16) {
      uint16_t value = f32_to_bf16(std::normal_distribution<float>()(random));
      std::memcpy(bytes.data() + at, &value, 2);
    } else {
      put_half(dtype == DType::q6_k ? at + 208 : at);
      if (dtype == DType::q4_1 || dtype == DType::q4_k) put_half(at + 2);
    }
  }
  return bytes;
}

// The published formulas, straight from the file's bytes.
float reference_value(DType dtype, const std::byte* row, int i) {
  const DTypeInfo& type = info(dtype);
  const std::byte* block = row + static_cast<size_t>(i) / type.block * type.bytes;
  if (dtype == DType::f32) {
    float value;
    std::memcpy(&value, block, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, block, 2);
  if (dtype == DType::f16) return f16_to_f32(half);
  if (dtype == DType::bf16) return bf16_to_f32(half);
  QuantBlock q;
  read_quant_block(dtype, block, q);
  const int j = i % static_cast<int>(type.block);
  const float d = f16_to_f32(q.d), m = f16_to_f32(q.m);
  switch (dtype) {
    case DType::q4_0:
      return d * static_cast<float>(q.codes[j] - 8);
    case DType::q4_1:
      return d * static_cast<float>(q.codes[j]) + m;
    case DType::q5_0:
      return d * static_cast<float>(q.codes[j] - 16);
    case DType::q8_0:
      return d * static_cast<float>(static_cast<int8_t>(q.codes[j]));
    case DType::q4_k:
      return d * static_cast<float>(q.scales[j / 32]) * static_cast<float>(q.codes[j]) -
             m * static_cast<float>(q.mins[j / 32]);
    default:
      return d * static_cast<float>(static_cast<int8_t>(q.scales[j / 16])) *
             static_cast<float>(q.codes[j] - 32);
  }
}

TEST(PackedMatrix, UnpacksEveryRowExactly) {
  ThreadPool pool(2);
  for (DType dtype : kAll) {
    for (int rows : {1, 15, 16, 37}) {
      const int k = 512;
      auto file = random_rows(dtype, rows, k, 7);
      PackedMatrix packed = PackedMatrix::pack(dtype, rows, k, file, pool, std::make_shared<Arena>());
      std::vector<float> row(static_cast<size_t>(k));
      for (int r = 0; r < rows; r++) {
        packed.unpack_row(r, row.data());
        const std::byte* source =
            file.data() + file.size() / static_cast<size_t>(rows) * static_cast<size_t>(r);
        for (int i = 0; i < k; i++) {
          ASSERT_EQ(row[static_cast<size_t>(i)], reference_value(dtype, source, i))
              << info(dtype).name << " row " << r << " at " << i;
        }
      }
    }
  }
}

TEST(PackedMatrix, LayoutGrowsByLessThanThreePercent) {
  for (DType dtype : kAll) {
    double file = 16.0 * 2048 / info(dtype).block * info(dtype).bytes;
    EXPECT_LE(static_cast<double>(panel_bytes(dtype, 2048)), 1.03 * file) << info(dtype).name;
  }
}

// One block by hand: d = 2, codes 0, 1, 2, … in order.
TEST(QuantBlock, ReadsTheDocumentedBitOrder) {
  std::byte q5[22] = {};
  uint16_t two = f32_to_f16(2.0f);
  std::memcpy(q5, &two, 2);
  uint32_t high = 0xffff0000u;  // codes 16..31 have their fifth bit set
  std::memcpy(q5 + 2, &high, 4);
  for (int i = 0; i < 16; i++) q5[6 + i] = static_cast<std::byte>(i | i << 4);
  QuantBlock block;
  read_quant_block(DType::q5_0, q5, block);
  for (int i = 0; i < 32; i++) EXPECT_EQ(block.codes[i], i);
  EXPECT_EQ(f16_to_f32(block.d), 2.0f);
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
