// The attention kernels: every table of this machine against softmax in double, and rows that change no other's bits.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/testing/normal_values.h"
#include "kernels/testing/quantised_rows.h"
#include "tensor/half.h"

namespace understudy {
namespace {

// Keys and values in pages, queries with windows and causal ends, against softmax in double.
struct AttentionProblem {
  static constexpr int kKeys = 600, kPages = (kKeys + kPageKeys - 1) / kPageKeys;

  AttentionProblem(int d_, bool int8_, int queries = kAttendRows)
      : d(d_), int8(int8_), q(normal(static_cast<size_t>(queries * d_), 21)) {
    for (int page = 0; page < kPages; page++) {
      storage.emplace_back(static_cast<size_t>(2 * part_halves()),
                           f32_to_f16(NAN));  // unwritten places must not matter
      pages.push_back(reinterpret_cast<std::byte*>(storage.back().data()));
    }
    auto k = normal(static_cast<size_t>(kKeys * d), 22), v = normal(static_cast<size_t>(kKeys * d), 23);
    for (int key = 0; key < kKeys; key++) {
      for (int i = 0; i < d; i++) {
        put(key, 0, i, i * kPageKeys + key % kPageKeys, k[static_cast<size_t>(key * d + i)]);
        put(key, part_halves(), i, key % kPageKeys * d + i, v[static_cast<size_t>(key * d + i)]);
      }
    }
  }

  int part_halves() const {  // of keys, or of values, in units of f16
    return int8 ? kPageKeys * (d / 2 + (d + kKvGroup - 1) / kKvGroup) : kPageKeys * d;
  }
  int scale_at(int key, int i) const {
    return kPageKeys * d / 2 + i / kKvGroup * kPageKeys + key % kPageKeys;
  }

  // Number i of a key or value, element `at` of the part that begins at f16 `part` of its page. int8 codes
  // are x * 16, and every group of every key has a scale of its own.
  void put(int key, int part, int i, int at, float x) {
    uint16_t* halves = storage[static_cast<size_t>(key / kPageKeys)].data() + part;
    if (!int8) {
      halves[at] = f32_to_f16(x);
      return;
    }
    reinterpret_cast<int8_t*>(halves)[at] =
        static_cast<int8_t>(std::lround(std::clamp(x * 16, -127.0f, 127.0f)));
    halves[scale_at(key, i)] = f32_to_f16(static_cast<float>(1 + key % 5 + i / kKvGroup) / 32);
  }
  float get(int key, int part, int i, int at) const {
    const uint16_t* halves = storage[static_cast<size_t>(key / kPageKeys)].data() + part;
    if (!int8) return f16_to_f32(halves[at]);
    return reinterpret_cast<const int8_t*>(halves)[at] * f16_to_f32(halves[scale_at(key, i)]);
  }
  float key(int j, int i) const { return get(j, 0, i, i * kPageKeys + j % kPageKeys); }
  float value(int j, int i) const { return get(j, part_halves(), i, j % kPageKeys * d + i); }

  KeyBlock key_block(int block) const {
    return {.d = d,
            .int8 = int8,
            .pages = pages.data(),
            .k_offset = 0,
            .v_offset = static_cast<size_t>(part_halves()) * 2,
            .block = block};
  }

  // Rows [begin, begin + count) with visible keys [first[r], last[r]).
  std::vector<float> run(const KernelTable& table, int begin, int count, const int* first,
                         const int* last) const {
    std::vector<float> out(static_cast<size_t>(count * d)), total(static_cast<size_t>(count), 0.0f),
        top(total.size(), -INFINITY);
    std::vector<float> block_out(static_cast<size_t>(kAttendRows * d));
    float max[kAttendRows], sum[kAttendRows];
    for (int block = 0; block * kKeyBlock < kKeys; block++) {
      AttendArgs args{key_block(block), count, {}, {}, {}, max, sum, block_out.data()};
      for (int r = 0; r < count; r++) {
        args.q[r] = &q[static_cast<size_t>((begin + r) * d)];
        args.first[r] = first[begin + r];
        args.last[r] = last[begin + r];
      }
      table.attend(args);
      for (int r = 0; r < count; r++) {
        table.attend_merge(max[r], sum[r], &block_out[static_cast<size_t>(r * d)], d,
                           &top[static_cast<size_t>(r)], &total[static_cast<size_t>(r)],
                           &out[static_cast<size_t>(r * d)]);
      }
    }
    for (int r = 0; r < count; r++) {
      for (int i = 0; i < d; i++) out[static_cast<size_t>(r * d + i)] /= total[static_cast<size_t>(r)];
    }
    return out;
  }

  // The same by attend_tiles.
  std::vector<float> run_tiles(const KernelTable& table, int begin, int count, const int* first,
                               const int* last) const {
    const int width = (d + kTileD - 1) / kTileD * kTileD,
              padded = (count + kTileRows - 1) / kTileRows * kTileRows;
    std::vector<float> wide(static_cast<size_t>(count * width));
    for (int r = 0; r < count; r++)
      std::memcpy(&wide[static_cast<size_t>(r * width)], &q[static_cast<size_t>((begin + r) * d)],
                  static_cast<size_t>(d) * sizeof(float));
    const Bf16Rows queries(table, wide.data(), count, width);
    std::vector<float> out(static_cast<size_t>(count * d)), block_out(static_cast<size_t>(padded * width)),
        max(static_cast<size_t>(count)), sum(max.size()), total(max.size()), top(max.size(), -INFINITY);
    for (int block = 0; block * kKeyBlock < kKeys; block++) {
      table.attend_tiles({key_block(block), count, queries.words(), first + begin, last + begin, max.data(),
                          sum.data(), block_out.data()});
      for (size_t r = 0; r < max.size(); r++) {
        table.attend_merge(max[r], sum[r], &block_out[r * static_cast<size_t>(width)], d, &top[r], &total[r],
                           &out[r * static_cast<size_t>(d)]);
      }
    }
    for (size_t i = 0; i < out.size(); i++) out[i] /= total[i / static_cast<size_t>(d)];
    return out;
  }

  int d;
  bool int8;
  std::vector<float> q;
  std::vector<std::vector<uint16_t>> storage;
  std::vector<const std::byte*> pages;
};

TEST(Attend, MatchesSoftmaxAndRowsAreIndependent) {
  const int first[] = {0, 100, 250, 300}, last[] = {600, 420, 257, 301};
  for (auto [d, int8] : {std::pair{16, false},
                         {64, false},
                         {80, false},
                         {256, false},
                         {16, true},
                         {64, true},
                         {80, true},
                         {256, true}}) {
    AttentionProblem problem(d, int8);
    for (const KernelTable* table : testable_kernels()) {
      auto together = problem.run(*table, 0, 4, first, last);
      for (int r = 0; r < 4; r++) {
        std::vector<double> weight;
        double total = 0;
        for (int j = first[r]; j < last[r]; j++) {
          double score = 0;
          for (int i = 0; i < d; i++)
            score += static_cast<double>(problem.q[static_cast<size_t>(r * d + i)]) * problem.key(j, i);
          weight.push_back(std::exp(score));
          total += weight.back();
        }
        for (int i = 0; i < d; i++) {
          double expected = 0;
          for (int j = first[r]; j < last[r]; j++)
            expected += weight[static_cast<size_t>(j - first[r])] / total * problem.value(j, i);
          ASSERT_NEAR(together[static_cast<size_t>(r * d + i)], expected, 2e-5)
              << table->name << " D " << d << (int8 ? " int8" : " f16") << " row " << r;
        }
        auto alone = problem.run(*table, r, 1, first, last);
        ASSERT_EQ(
            std::memcmp(alone.data(), &together[static_cast<size_t>(r * d)], alone.size() * sizeof(float)), 0)
            << table->name;
      }
    }
  }
}

double as_bf16(double x) { return bf16_to_f32(f32_to_bf16(static_cast<float>(x))); }

// Weights are rounded to 8 bits, all else is near exact once queries, keys and values are.
TEST(AttendTiles, MatchesSoftmaxOfRoundedOperandsAndRowsAreIndependent) {
  constexpr int kRows = 45;
  int tables = 0;
  for (const KernelTable* table : testable_kernels()) {
    if (table->attend_tiles == nullptr) continue;
    tables++;
    for (const bool int8 : {false, true}) {
      for (const int d : {16, 64, 80, 256}) {
        for (const int window : {0, 100, 300}) {
          const AttentionProblem problem(d, int8, kRows);
          int first[kRows], last[kRows];
          for (int r = 0; r < kRows; r++) {
            last[r] = 250 + 350 * (r + 1) / kRows;
            first[r] = window == 0 ? 0 : std::max(0, last[r] - window);
          }
          const auto together = problem.run_tiles(*table, 0, kRows, first, last);
          for (int r = 0; r < kRows; r++) {
            std::vector<double> weight;
            double total = 0;
            for (int j = first[r]; j < last[r]; j++) {
              double score = 0;
              for (int i = 0; i < d; i++)
                score += as_bf16(problem.q[static_cast<size_t>(r * d + i)]) * as_bf16(problem.key(j, i));
              weight.push_back(std::exp(score));
              total += weight.back();
            }
            for (int i = 0; i < d; i++) {
              double expected = 0, size = 0;
              for (int j = first[r]; j < last[r]; j++) {
                const double part =
                    weight[static_cast<size_t>(j - first[r])] / total * as_bf16(problem.value(j, i));
                expected += part;
                size += std::abs(part);
              }
              ASSERT_NEAR(together[static_cast<size_t>(r * d + i)], expected, size / 256 + 2e-5)
                  << table->name << " D " << d << (int8 ? " int8" : " f16") << " window " << window << " row "
                  << r;
            }
          }
          for (const auto& [begin, count] : {std::pair{0, 1}, {44, 1}, {3, 17}, {10, 33}}) {
            const auto some = problem.run_tiles(*table, begin, count, first, last);
            ASSERT_EQ(std::memcmp(some.data(), &together[static_cast<size_t>(begin * d)],
                                  some.size() * sizeof(float)),
                      0)
                << table->name << " D " << d << " rows " << begin << " + " << count;
          }
        }
      }
    }
  }
  if (tables == 0) GTEST_SKIP() << "no table with a matrix unit can run here";
}

}  // namespace
}  // namespace understudy
