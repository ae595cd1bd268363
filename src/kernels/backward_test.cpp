// The kernels of backward: every table of this machine against plain double arithmetic, and equal bits however
// rows are grouped and columns split.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/testing/normal_values.h"
#include "tensor/packed_matrix.h"
#include "tensor/testing/random_blocks.h"

namespace understudy {
namespace {

bool equal_bits(const float* a, const float* b, size_t count) {
  return std::memcmp(a, b, count * sizeof(float)) == 0;
}

TEST(MultiplyAdd, MatchesDoubleArithmeticWithAnyStrides) {
  constexpr int kRows = 21, kN = 112, kK = 37;
  const auto a = normal(kRows * kK, 1), b = normal(kK * kN, 2), before = normal(kRows * kN, 3);
  for (const KernelTable* table : testable_kernels()) {
    for (const bool transposed : {false, true}) {
      auto c = before;
      table->multiply_add({.a = a.data(),
                           .a_row = transposed ? 1 : kK,
                           .a_k = transposed ? kRows : 1,
                           .b = b.data(),
                           .b_stride = kN,
                           .c = c.data(),
                           .c_stride = kN,
                           .rows = kRows,
                           .n = kN,
                           .k = kK});
      for (int m = 0; m < kRows; m++) {
        for (int n = 0; n < kN; n++) {
          double sum = before[static_cast<size_t>(m * kN + n)];
          for (int k = 0; k < kK; k++)
            sum += static_cast<double>(a[static_cast<size_t>(transposed ? k * kRows + m : m * kK + k)]) *
                   b[static_cast<size_t>(k * kN + n)];
          ASSERT_NEAR(c[static_cast<size_t>(m * kN + n)], sum, 2e-5) << table->name;
        }
      }
    }
  }
}

TEST(MultiplyAdd, GroupingRowsAndSplittingColumnsChangesNoBit) {
  constexpr int kRows = 21, kN = 112, kK = 37;
  const auto a = normal(kRows * kK, 1), b = normal(kK * kN, 2);
  for (const KernelTable* table : testable_kernels()) {
    std::vector<float> whole(kRows * kN), pieces(kRows * kN);
    const auto run = [&](std::vector<float>& c, int row, int rows, int column, int n) {
      table->multiply_add(
          {a.data() + row * kK, kK, 1, b.data() + column, kN, c.data() + row * kN + column, kN, rows, n, kK});
    };
    run(whole, 0, kRows, 0, kN);
    for (int row = 0; row < kRows; row++) {
      for (int column = 0; column < kN; column += 16) run(pieces, row, 1, column, 16);
    }
    EXPECT_TRUE(equal_bits(whole.data(), pieces.data(), whole.size())) << table->name;
  }
}

struct Weights {
  Weights(DType dtype, int n, int k) {
    ThreadPool pool(1);
    matrix = PackedMatrix::pack(dtype, n, k, random_blocks(dtype, static_cast<size_t>(n * k), 5), pool,
                                std::make_shared<Arena>());
  }
  PackedMatrix matrix;
};

std::vector<float> backward(const KernelTable& table, const PackedMatrix& w, const float* dy, int rows,
                            std::vector<int> cuts) {
  std::vector<float> dx(static_cast<size_t>(rows * w.k()));
  const LinearBackwardArgs args{w.dtype(), w.panel(0), w.rows(), w.k(), rows, dy, dx.data()};
  int begin = 0;
  cuts.push_back(w.k() / kTileK);
  for (int end : cuts) {
    table.linear_backward(args, begin, end);
    begin = end;
  }
  return dx;
}

// With one 1 in dy, dx is a row of W: the unpacking is exact to the bit.
TEST(LinearBackward, UnpacksEveryFormatExactly) {
  constexpr int kN = 40, kK = 512;
  for (const DTypeInfo& type : kDTypes) {
    const Weights weights(type.dtype, kN, kK);
    for (const KernelTable* table : testable_kernels()) {
      for (int n : {0, 17, 39}) {
        std::vector<float> dy(kN), row(kK);
        dy[static_cast<size_t>(n)] = 1;
        weights.matrix.unpack_row(n, row.data());
        const auto dx = backward(*table, weights.matrix, dy.data(), 1, {});
        for (size_t i = 0; i < row.size(); i++)
          ASSERT_EQ(dx[i], row[i]) << table->name << " " << type.name << " row " << n << " column " << i;
      }
    }
  }
}

// n: two slabs of rows with the last panel half full; rows of dy whole pages apart.
TEST(LinearBackward, MatchesDoubleArithmeticAndSplitsChangeNoBit) {
  constexpr int kK = 256, kRows = 103;  // two blocks of rows
  for (const int n : {296, 1024}) {
    const auto dy = normal(kRows * n, 7);
    for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0, DType::q4_k, DType::q5_0}) {
      const Weights weights(dtype, n, kK);
      std::vector<double> exact(kRows * kK);
      std::vector<float> w(kK);
      for (int i = 0; i < n; i++) {
        weights.matrix.unpack_row(i, w.data());
        for (int m = 0; m < kRows; m++) {
          for (int k = 0; k < kK; k++)
            exact[static_cast<size_t>(m * kK + k)] +=
                static_cast<double>(dy[static_cast<size_t>(m * n + i)]) * w[static_cast<size_t>(k)];
        }
      }
      for (const KernelTable* table : testable_kernels()) {
        const auto dx = backward(*table, weights.matrix, dy.data(), kRows, {});
        for (size_t i = 0; i < dx.size(); i++)
          ASSERT_NEAR(dx[i], exact[i], 1e-4 * std::abs(exact[i]) + 2e-4)
              << table->name << " " << info(dtype).name;
        const auto split = backward(*table, weights.matrix, dy.data(), kRows, {1, 4, 7});
        EXPECT_TRUE(equal_bits(dx.data(), split.data(), dx.size())) << table->name;
        for (int m = 0; m < kRows; m += 17) {
          const auto alone = backward(*table, weights.matrix, dy.data() + m * n, 1, {3});
          ASSERT_TRUE(equal_bits(alone.data(), dx.data() + m * kK, alone.size())) << table->name;
        }
      }
    }
  }
}

TEST(Softmax, MatchesDoubleArithmeticForAnyLength) {
  for (const KernelTable* table : testable_kernels()) {
    for (int n : {1, 15, 16, 33, 5000}) {
      const auto x = normal(n, 11);
      auto p = x;
      float max = 0, sum = 0;
      table->softmax(p.data(), n, &max, &sum);
      double top = x[0], total = 0;
      for (float v : x) top = std::max<double>(top, v);
      for (float v : x) total += std::exp(v - top);
      EXPECT_EQ(max, static_cast<float>(top));
      EXPECT_NEAR(sum, total, 1e-6 * total) << table->name;
      for (size_t i = 0; i < p.size(); i++)
        ASSERT_NEAR(p[i], std::exp(x[i] - top) / total, 1e-6 * std::exp(x[i] - top) / total + 1e-9)
            << table->name;

      const auto dp = normal(n, 12);
      auto dx = dp;
      table->softmax_backward(p.data(), n, dx.data());
      double mean = 0;
      for (size_t i = 0; i < p.size(); i++) mean += static_cast<double>(p[i]) * dp[i];
      for (size_t i = 0; i < p.size(); i++) ASSERT_NEAR(dx[i], p[i] * (dp[i] - mean), 1e-6) << table->name;
    }
  }
}

}  // namespace
}  // namespace understudy
