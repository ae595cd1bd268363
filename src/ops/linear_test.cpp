// linear_largest: the bits of linear() where it matters, from part of the panels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/dispatch.h"
#include "ops/linear.h"
#include "tensor/testing/random_blocks.h"

namespace understudy {
namespace {

constexpr int kN = 1000, kK = 512;

// A row of x that points where row `like` of the weights does, as a confident model's does: `sharpness` times that, and noise.
std::vector<float> row_like(const PackedMatrix& weights, int like, float sharpness, uint32_t seed) {
  std::vector<float> x(kK);
  weights.unpack_row(like, x.data());
  double norm = 0;
  for (const float v : x) norm += static_cast<double>(v) * static_cast<double>(v);
  std::mt19937 random(seed);
  std::normal_distribution<float> noise;
  for (float& v : x) v = sharpness * v / static_cast<float>(std::sqrt(norm / kK)) + noise(random);
  return x;
}

struct Answer {
  std::vector<float> all, largest;
  std::optional<double> share;
};

Answer answer(const KernelTable& table, const Linear& layer, std::vector<float> x, int prompt_rows) {
  ThreadPool pool(2);
  Arena arena;
  const Context context{pool, table, arena, prompt_rows};
  Rows rows{x.data(), static_cast<int>(x.size()) / kK, kK};
  const Rows all = linear(context, rows, layer), largest = context.rows(rows.rows, kN);
  Answer result;
  result.share = linear_largest(context, rows, layer, largest);
  const auto values = [](Rows y) { return std::vector<float>(y.data, y.data + y.rows * y.width); };
  result.all = values(all);
  result.largest = values(largest);
  return result;
}

void expect_largest(const Answer& answer, const std::string& what) {
  for (size_t row = 0; row < answer.all.size(); row += kN) {
    const auto begin = answer.all.begin() + static_cast<ptrdiff_t>(row);
    const float largest = *std::max_element(begin, begin + kN);
    for (size_t i = row; i < row + kN; i++) {
      const bool computed = answer.largest[i] == answer.all[i];
      EXPECT_TRUE(computed || (std::isinf(answer.largest[i]) && answer.all[i] < largest))
          << what << " column " << i - row << ": " << answer.largest[i] << ", not " << answer.all[i];
    }
  }
}

Linear layer_of(DType dtype, uint32_t seed) {
  ThreadPool pool(1);
  const auto blocks = random_blocks(dtype, static_cast<size_t>(kN) * kK, seed);
  Linear layer;
  layer.weight = PackedMatrix::pack(dtype, kN, kK, blocks, pool, std::make_shared<Arena>());
  return layer;
}

TEST(LinearLargest, HasTheBitsOfLinearWhereAColumnIsTheLargest) {
  for (const KernelTable* table : testable_kernels()) {
    for (const DTypeInfo& type : kDTypes) {
      const Linear layer = layer_of(type.dtype, 11);
      for (const float sharpness : {0.0f, 1.0f, 30.0f}) {
        std::vector<float> x = row_like(layer.weight, 777, sharpness, 12);
        const std::vector<float> other = row_like(layer.weight, 78, sharpness, 19);
        const Answer found = answer(*table, layer, x, /*prompt_rows=*/0);
        x.insert(x.end(), other.begin(), other.end());
        const Answer both = answer(*table, layer, x, /*prompt_rows=*/0);
        expect_largest(found, std::string(table->name) + " " + std::string(type.name));
        expect_largest(both, std::string(table->name) + " " + std::string(type.name) + ", two rows");
        EXPECT_TRUE(std::equal(found.largest.begin(), found.largest.end(), both.largest.begin()));
        const bool bounded = type.codes.bits == 6 || type.codes.bits == 8;
        EXPECT_EQ(found.share.has_value(), bounded) << type.name;
        // Rows' scales are random here, and a large one alone makes a bound high.
        if (bounded && sharpness == 30) {
          EXPECT_LT(*found.share, 0.5) << table->name << " " << type.name;
          EXPECT_LT(*both.share, 0.5) << table->name << " " << type.name;
        }
      }
    }
  }
}

TEST(LinearLargest, ComputesAllWhereItCannotBound) {
  for (const KernelTable* table : testable_kernels()) {
    Linear layer = layer_of(DType::q8_0, 13);
    std::vector<float> one = row_like(layer.weight, 5, 30, 14), three;
    for (int i = 0; i < 3; i++) three.insert(three.end(), one.begin(), one.end());
    const auto expect_all = [&](const Answer& found) {
      EXPECT_FALSE(found.share) << table->name;
      EXPECT_EQ(found.largest, found.all) << table->name;
    };
    expect_all(answer(*table, layer, three, 0));
    if (table->linear_bf16 != nullptr) expect_all(answer(*table, layer, one, 1));
    layer.bias.assign(kN, 1.0f);
    expect_all(answer(*table, layer, one, 0));
  }
}

TEST(LinearLargest, EqualColumnsAreAllThere) {
  ThreadPool pool(1);
  auto blocks = random_blocks(DType::q8_0, static_cast<size_t>(kN) * kK, 15);
  const size_t row_bytes = blocks.size() / kN;
  for (const size_t copy : {3u, 500u, 999u})
    std::copy_n(blocks.begin() + 100 * static_cast<ptrdiff_t>(row_bytes), row_bytes,
                blocks.begin() + static_cast<ptrdiff_t>(copy * row_bytes));
  Linear layer;
  layer.weight = PackedMatrix::pack(DType::q8_0, kN, kK, blocks, pool, std::make_shared<Arena>());
  for (const KernelTable* table : testable_kernels()) {
    const Answer found = answer(*table, layer, row_like(layer.weight, 100, 30, 16), 0);
    expect_largest(found, table->name);
    for (const size_t column : {3u, 100u, 500u, 999u}) EXPECT_EQ(found.largest[column], found.all[100]);
  }
}

TEST(LinearLargest, IsThatOfLinearWhereWeightsAreNoNumbers) {
  ThreadPool pool(1);
  auto blocks = random_blocks(DType::q8_0, static_cast<size_t>(kN) * kK, 17);
  const uint16_t infinity = f32_to_f16(INFINITY);
  std::memcpy(&blocks[700 * (blocks.size() / kN)], &infinity, 2);
  Linear layer;
  layer.weight = PackedMatrix::pack(DType::q8_0, kN, kK, blocks, pool, std::make_shared<Arena>());
  for (const KernelTable* table : testable_kernels()) {
    const Answer found = answer(*table, layer, row_like(layer.weight, 5, 30, 18), 0);
    EXPECT_FALSE(std::isfinite(found.all[700]));
    EXPECT_EQ(std::memcmp(&found.largest[700], &found.all[700], sizeof(float)), 0) << table->name;
  }
}

}  // namespace
}  // namespace understudy
