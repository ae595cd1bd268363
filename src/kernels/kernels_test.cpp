// Every kernel table this machine has, every dtype, against plain double arithmetic; and the numeric
// contract: grouping rows changes no bit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/testing/normal_values.h"
#include "kernels/testing/quantised_rows.h"
#include "tensor/half.h"
#include "tensor/packed_matrix.h"
#include "tensor/quant_block.h"
#include "tensor/testing/random_blocks.h"

namespace understudy {
namespace {

// A matrix, its activations in every form, and a call of a table's linear kernels.
struct Problem {
  Problem(DType dtype_, int rows_, int n_, int k_)
      : dtype(dtype_),
        rows(rows_),
        n(n_),
        k(k_),
        x(normal(static_cast<size_t>(rows_ * k_), 3)),
        bias(normal(static_cast<size_t>(n_), 4)) {
    ThreadPool pool(1);
    weights = PackedMatrix::pack(dtype, n, k, random_blocks(dtype, static_cast<size_t>(n * k), 5), pool,
                                 std::make_shared<Arena>());
  }

  void quantize(const KernelTable& table) { table_ = &table; }

  // Rows [begin, begin + count) only.
  std::vector<float> run(void (*kernel)(const LinearArgs&, int, int), int begin, int count) const {
    const auto at = static_cast<size_t>(begin * k);
    const QuantisedRows quantised(*table_, &x[at], count, k);
    const Bf16Rows bf16(*table_, &x[at], count, k);
    std::vector<float> y(static_cast<size_t>(count * n), NAN);
    LinearArgs args{.dtype = dtype,
                    .panels = weights.panel(0),
                    .k = k,
                    .rows = count,
                    .int8 = quantised.int8(),
                    .f32 = &x[at],
                    .bf16 = bf16.words(),
                    .y = y.data(),
                    .n = n,
                    .y_stride = n,
                    .bias = bias.empty() ? nullptr : bias.data()};
    kernel(args, 0, weights.panels());
    return y;
  }

  // sum |terms| a row and column bounds the rounding error of any order of addition.
  void expect_near_exact(const std::vector<float>& y, bool from_bf16, const char* table) const {
    std::vector<float> w(static_cast<size_t>(k));
    std::vector<QuantisedRows> alone;
    for (int r = 0; r < rows; r++) alone.emplace_back(*table_, &x[static_cast<size_t>(r * k)], 1, k);
    for (int j = 0; j < n; j++) {
      weights.unpack_row(j, w.data());
      for (int r = 0; r < rows; r++) {
        const QuantisedRows& row = alone[static_cast<size_t>(r)];
        double sum = bias[static_cast<size_t>(j)], size = std::abs(sum);
        for (int i = 0; i < k; i++) {
          const auto at = static_cast<size_t>(r * k + i), in_row = static_cast<size_t>(i);
          double a = info(dtype).block == 1 ? x[at] : static_cast<double>(row.q[in_row]) * row.d[in_row / 32];
          double weight = w[in_row];
          if (from_bf16) {
            a = bf16_to_f32(f32_to_bf16(x[at]));
            weight = bf16_to_f32(f32_to_bf16(w[in_row]));
          }
          sum += a * weight;
          size += std::abs(a * weight);
        }
        ASSERT_NEAR(y[static_cast<size_t>(r * n + j)], sum, 4e-6 * size + 1e-6)
            << table << " " << info(dtype).name << " row " << r << " column " << j;
      }
    }
  }

  DType dtype;
  int rows, n, k;
  std::vector<float> x, bias;
  PackedMatrix weights;

 private:
  const KernelTable* table_ = nullptr;
};

TEST(Linear, MatchesExactArithmetic) {
  for (const KernelTable* table : testable_kernels()) {
    for (const DTypeInfo& type : kDTypes) {
      const DType dtype = type.dtype;
      for (int n : {1, 16, 40}) {
        Problem problem(dtype, 5, n, 512);
        problem.quantize(*table);
        problem.expect_near_exact(problem.run(table->linear, 0, 5), false, table->name);
        if (table->linear_bf16 != nullptr)
          problem.expect_near_exact(problem.run(table->linear_bf16, 0, 5), true, table->name);
      }
    }
  }
}

// Sums of few bits (isa/avx2) hold a tile of the largest codes and activations, whatever their signs.
TEST(Linear, TheLargestDotsAreExact) {
  constexpr int kRows = 35, kN = 16, kK = 512;  // enough that every format is opened, and a few more
  ThreadPool pool(1);
  for (const DTypeInfo& type : kDTypes) {
    if (type.block == 1) continue;
    for (const bool lowest : {false, true}) {
      if (lowest && type.codes.offset == 0) continue;
      Problem problem(type.dtype, kRows, kN, kK);
      const auto blocks =
          lowest ? lowest_blocks(type.dtype, kN * kK, 5) : largest_blocks(type.dtype, kN * kK, 5);
      problem.weights = PackedMatrix::pack(type.dtype, kN, kK, blocks, pool, std::make_shared<Arena>());
      for (int i = 0; i < kRows * kK; i++) {
        const int row = i / kK, half = i % 4 / 2;  // of every four K
        problem.x[static_cast<size_t>(i)] = (row >> half) % 2 == 0 ? 1.0f : -1.0f;
      }
      for (const KernelTable* table : testable_kernels()) {
        problem.quantize(*table);
        problem.expect_near_exact(problem.run(table->linear, 0, kRows), false, table->name);
      }
    }
  }
}

TEST(Linear, GroupingRowsChangesNoBit) {
  for (const KernelTable* table : testable_kernels()) {
    for (const DTypeInfo& type : kDTypes) {
      const DType dtype = type.dtype;
      Problem problem(dtype, 128, 48, 768);  // K: more than a chunk of an open panel, and not two
      problem.quantize(*table);
      for (auto kernel : {table->linear, table->linear_bf16}) {
        if (kernel == nullptr) continue;
        std::vector<float> alone;
        for (int r = 0; r < problem.rows; r++) {
          auto y = problem.run(kernel, r, 1);
          alone.insert(alone.end(), y.begin(), y.end());
        }
        for (int m : {2, 7, 8, 13, 16, 33, 128}) {
          for (int begin : {0, problem.rows - m}) {
            auto y = problem.run(kernel, begin, m);
            ASSERT_EQ(std::memcmp(y.data(), &alone[static_cast<size_t>(begin * problem.n)],
                                  y.size() * sizeof(float)),
                      0)
                << table->name << " " << info(dtype).name << " M " << m;
          }
        }
      }
    }
  }
}

// K of more rows than stay in the second-level cache goes in chunks through panels in turn, and sums may stand in y.
TEST(Linear, ManyRowsOfALargeKHaveTheBitsOfOne) {
  constexpr int kRows = 70, kN = 424, kK = 9728;
  for (const DType dtype : {DType::bf16, DType::q4_1, DType::q6_k}) {
    Problem problem(dtype, kRows, kN, kK);
    for (const bool biased : {true, false}) {
      if (!biased) problem.bias.clear();
      for (const KernelTable* table : testable_kernels()) {
        if (table->linear_bf16 == nullptr) continue;
        problem.quantize(*table);
        const auto y = problem.run(table->linear_bf16, 0, kRows);
        for (const int row : {0, 31, 32, 69}) {
          const auto alone = problem.run(table->linear_bf16, row, 1);
          ASSERT_EQ(std::memcmp(&y[static_cast<size_t>(row * kN)], alone.data(), kN * sizeof(float)), 0)
              << table->name << " " << info(dtype).name << " row " << row << (biased ? ", bias" : "");
        }
      }
    }
  }
}

// The largest dot of a row of blocks with x that codes with the same upper four bits allow.
double largest_dot(DType dtype, const std::byte* row, int k, const QuantisedRows& x) {
  const int block_k = static_cast<int>(info(dtype).block);
  const Codes& format = info(dtype).codes;
  const int low = (1 << (format.bits - 4)) - 1;
  double sum = 0;
  QuantBlock block;
  for (int i = 0; i < k; i++) {
    if (i % block_k == 0)
      read_quant_block(dtype, row + i / block_k * static_cast<int>(info(dtype).bytes), block);
    const uint8_t code = block.codes[i % block_k];
    const int value = format.bits == 8 ? static_cast<int8_t>(code) : code - format.offset,
              least = value & ~low;
    double scale = f16_to_f32(block.d);
    if (format.sub_scales > 0)
      scale *= static_cast<int8_t>(block.scales[i % block_k * format.sub_scales / block_k]);
    const auto at = static_cast<size_t>(i);
    const double by = scale * x.q[at] * static_cast<double>(x.d[at / 32]);
    sum += std::max(by * least, by * (least + low));
  }
  return sum;
}

TEST(Bound, HoldsAndIsNoHigherThanTheUpperBitsAllow) {
  ThreadPool pool(1);
  for (const DTypeInfo& type : kDTypes) {
    const DType dtype = type.dtype;
    if (packed_layout(dtype).low_bytes == 0) continue;
    for (int k : {256, 1280, kMaxBoundK}) {
      constexpr int kN = 40;
      const auto count = static_cast<size_t>(kN * k);
      for (const auto& blocks : {random_blocks(dtype, count, 7), largest_blocks(dtype, count, 8)}) {
        const PackedMatrix weights =
            PackedMatrix::pack(dtype, kN, k, blocks, pool, std::make_shared<Arena>());
        const std::vector<float> x = normal(static_cast<size_t>(k), 9);
        for (const KernelTable* table : testable_kernels()) {
          const QuantisedRows row(*table, x.data(), 1, k);
          std::vector<float> y(kN), estimates(3), bounds(3);
          LinearArgs args{};
          args.dtype = dtype;
          args.panels = weights.panel(0);
          args.k = k;
          args.rows = 1;
          args.int8 = row.int8();
          args.y = y.data();
          args.n = args.y_stride = kN;
          table->linear(args, 0, 3);
          table->bound(args, 0, 3, estimates.data(), bounds.data());
          for (int p = 0; p < 3; p++) {
            double most = p == 2 ? 0 : -INFINITY, largest = most;  // columns beyond N are zeros
            for (int j = 16 * p; j < std::min(16 * (p + 1), kN); j++) {
              const size_t row_bytes = blocks.size() / kN;
              most = std::max(most, largest_dot(dtype, &blocks[static_cast<size_t>(j) * row_bytes], k, row));
              largest = std::max(largest, static_cast<double>(y[static_cast<size_t>(j)]));
            }
            const auto at = static_cast<size_t>(p);
            EXPECT_LE(largest, bounds[at]) << table->name << " " << type.name << " K " << k << " panel " << p;
            EXPECT_LE(estimates[at], bounds[at]);
            // What rounding may do is added to it.
            EXPECT_NEAR(bounds[at], most, 0.02 * (most - estimates[at]) + 1e-3)
                << table->name << " " << type.name << " K " << k << " panel " << p;
          }
        }
      }
    }
  }
}

TEST(Bound, IsNoNumberWhereWeightsAreNone) {
  ThreadPool pool(1);
  constexpr int kN = 16, kK = 64;
  auto blocks = random_blocks(DType::q8_0, kN * kK, 7);
  const uint16_t infinity = f32_to_f16(INFINITY);
  std::memcpy(&blocks[5 * info(DType::q8_0).bytes], &infinity, 2);
  const PackedMatrix weights =
      PackedMatrix::pack(DType::q8_0, kN, kK, blocks, pool, std::make_shared<Arena>());
  const std::vector<float> x = normal(kK, 9);
  for (const KernelTable* table : testable_kernels()) {
    const QuantisedRows row(*table, x.data(), 1, kK);
    float estimate = 0, bound = 0;
    LinearArgs args{};
    args.dtype = DType::q8_0;
    args.panels = weights.panel(0);
    args.k = kK;
    args.rows = 1;
    args.int8 = row.int8();
    table->bound(args, 0, 1, &estimate, &bound);
    EXPECT_FALSE(std::isfinite(bound)) << table->name;
  }
}

TEST(GatedLinear, HasTheBitsOfItsParts) {
  constexpr int kM = 45, kN = 96, kK = 256;
  int tables = 0;
  for (const KernelTable* table : testable_kernels()) {
    if (table->gated_bf16 == nullptr) continue;
    tables++;
    for (const DTypeInfo& type : kDTypes) {
      ThreadPool pool(1);
      const auto pack = [&](uint32_t seed) {
        return PackedMatrix::pack(type.dtype, kN, kK, random_blocks(type.dtype, kN * kK, seed), pool,
                                  std::make_shared<Arena>());
      };
      const PackedMatrix gate = pack(5), up = pack(6);
      const auto x = normal(kM * kK, 3);
      const Bf16Rows rounded(*table, x.data(), kM, kK);
      const auto linear = [&](const PackedMatrix& weight) {
        std::vector<float> y(kM * kN);
        table->linear_bf16(
            {type.dtype, weight.panel(0), kK, kM, {}, nullptr, rounded.words(), y.data(), kN, kN, nullptr}, 0,
            weight.panels());
        return y;
      };
      const auto g = linear(gate), u = linear(up);
      for (const bool gelu : {false, true}) {
        std::vector<float> y(kM * kN);
        (gelu ? table->geglu : table->swiglu)(g.data(), u.data(), kM * kN, y.data());
        const Bf16Rows expected(*table, y.data(), kM, kN);
        std::vector<uint16_t> out(expected.size());
        const GatedArgs args{type.dtype, gate.panel(0),   up.panel(0), kK,        kM,
                             kN,         rounded.words(), gelu,        out.data()};
        table->gated_bf16(args, 0, 3);
        table->gated_bf16(args, 3, gate.panels());
        for (int r = 0; r < kM; r++) {
          for (int i = 0; i < kN; i++) {
            const size_t at = bf16_row_at(r, kN) + static_cast<size_t>(i / 32 * 512 + i % 32);
            ASSERT_EQ(out[at], expected.words()[at])
                << table->name << " " << type.name << " row " << r << " column " << i;
          }
        }
      }
    }
  }
  if (tables == 0) GTEST_SKIP() << "no table with a matrix unit can run here";
}

TEST(QuantizeRow, IsWithinHalfAStepAndSumsAreExact) {
  auto x = normal(1024, 9);
  for (int i = 96; i < 128; i++) x[static_cast<size_t>(i)] = 0;  // an all-zero group
  for (const KernelTable* table : testable_kernels()) {
    const auto [q, d, dsum, neg_sum] = QuantisedRows(*table, x.data(), 1, 1024);
    for (size_t i = 0; i < 1024; i++)
      EXPECT_NEAR(d[i / 32] * q[i], x[i], 0.5001f * d[i / 32] + 1e-9f) << table->name;
    for (size_t tile = 0; tile < 32; tile++) {
      int sum = 0;
      for (size_t i = 0; i < 32; i++) sum += q[32 * tile + i];
      EXPECT_EQ(dsum[tile], d[tile] * static_cast<float>(sum)) << table->name;
    }
    EXPECT_EQ(d[3], 0.0f);
    for (size_t half = 0; half < 64; half++) {
      int sums[2] = {};  // over the first two of every four, and over the others
      for (size_t i = 0; i < 16; i++) sums[i % 4 / 2] += q[16 * half + i];
      const int whole = -sums[0] - sums[1], apart = (-sums[0] & 0xffff) | (-sums[1] * 65536);
      EXPECT_EQ(neg_sum[half], std::string_view(table->name) == "avx2" ? apart : whole) << table->name;
    }
  }
}

TEST(Elementwise, MatchesDoubleArithmetic) {
  const int n = 1000;  // not a multiple of 16
  auto x = normal(n, 11), w = normal(n, 12);
  x[0] = 90.0f, x[1] = -90.0f, x[2] = 0.0f;
  std::vector<float> y(n);
  for (const KernelTable* table : testable_kernels()) {
    double squares = 0;
    for (float v : x) squares += static_cast<double>(v) * v;
    table->rms_norm(x.data(), w.data(), n, 1e-5f, y.data());
    for (size_t i = 0; i < n; i++) {
      double expected = x[i] / std::sqrt(squares / n + 1e-5) * w[i];
      ASSERT_NEAR(y[i], expected, 2e-6 * std::abs(expected) + 1e-7) << table->name;
    }
    table->swiglu(x.data(), w.data(), n, y.data());
    for (size_t i = 0; i < n; i++) {
      double expected = x[i] / (1 + std::exp(-static_cast<double>(x[i]))) * w[i];
      ASSERT_NEAR(y[i], expected, 1e-6 * std::abs(expected) + 1e-7) << table->name << " silu of " << x[i];
    }
    table->geglu(x.data(), w.data(), n, y.data());
    for (size_t i = 0; i < n; i++) {
      double g = x[i];
      double expected = 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))) * w[i];
      ASSERT_NEAR(y[i], expected, 1e-6 * std::abs(expected) + 1e-6) << table->name << " gelu of " << g;
    }
    std::vector<uint16_t> half(n);
    table->store_f16(x.data(), n, half.data());
    for (size_t i = 0; i < n; i++) ASSERT_EQ(half[i], f32_to_f16(x[i])) << table->name;
  }
}

TEST(Rotate, TurnsPairsToTheBit) {
  constexpr int kHeads = 3, kWidth = 100;
  for (const KernelTable* table : testable_kernels()) {
    for (const int n : {4, 16, 25, 50}) {
      for (const bool adjacent : {false, true}) {
        const auto before = normal(kHeads * kWidth, 31), cosine = normal(100, 32), sine = normal(100, 33);
        auto x = before;
        table->rotate(x.data(), kHeads, kWidth, n, adjacent, cosine.data(), sine.data(), -1);
        for (int at = 0; at < kHeads * kWidth; at++) {
          const int i = at % kWidth, partner = adjacent ? i ^ 1 : i < n ? i + n : i - n;
          const auto value = [&](int j) { return before[static_cast<size_t>(at / kWidth * kWidth + j)]; };
          const auto k = static_cast<size_t>(i);
          const float expected = i < 2 * n ? value(i) * cosine[k] + value(partner) * -sine[k] : value(i);
          ASSERT_EQ(x[static_cast<size_t>(at)], expected)
              << table->name << " " << n << " pairs, adjacent " << adjacent << ", value " << at;
        }
      }
    }
  }
}

TEST(Dispatch, OverrideNamesATableOrSaysWhichThereAre) {
  const char* before = std::getenv("UNDERSTUDY_ISA");
  const std::string saved = before != nullptr ? before : "";
  for (const KernelTable* table : available_kernels()) {
    setenv("UNDERSTUDY_ISA", table->name, 1);
    auto chosen = select_kernels();
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(*chosen, table);
  }
  setenv("UNDERSTUDY_ISA", "mmx", 1);
  auto refused = select_kernels();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().hint.find("scalar"), std::string::npos);
  setenv("UNDERSTUDY_ISA", saved.c_str(), 1);
}

}  // namespace
}  // namespace understudy
