// linear_rates [N K]: what the linear kernel of every table reaches on one thread, a line a format: bytes of weights a second
// with one row (weights larger than the caches), multiply-adds a second with 8 and 64 rows, beside what the set can at best;
// where the set has a matrix unit also those of its bf16 tiles with 32, 128 and 512 rows, and where outputs can be bounded the
// bytes a second that this reads.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/testing/quantised_rows.h"
#include "tensor/packed_matrix.h"
#include "tensor/testing/random_blocks.h"

namespace understudy {
namespace {

// Seconds a call: the best of some rounds of at least 20 ms.
template <class Call>
double best_seconds(Call call) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int round = 0; round < 5; round++) {
    const auto begin = Clock::now();
    double seconds = 0;
    int calls = 0;
    for (; seconds < 0.02; seconds = std::chrono::duration<double>(Clock::now() - begin).count(), calls++)
      call();
    best = std::min(best, seconds / calls);
  }
  return best;
}

using LinearKernel = void (*)(const LinearArgs& args, int begin, int end);

template <class Kernel>
double seconds_of(const KernelTable& table, Kernel kernel, const std::vector<PackedMatrix>& weights,
                  int rows) {
  const int n = weights[0].rows(), k = weights[0].k();
  std::vector<float> x(static_cast<size_t>(rows * k));
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
  const QuantisedRows quantised(table, x.data(), rows, k);
  const Bf16Rows bf16(table, x.data(), rows, k);
  std::vector<float> y(static_cast<size_t>(rows * n));
  LinearArgs args{.dtype = weights[0].dtype(),
                  .panels = nullptr,
                  .k = k,
                  .rows = rows,
                  .int8 = quantised.int8(),
                  .f32 = x.data(),
                  .bf16 = bf16.words(),
                  .y = y.data(),
                  .n = n,
                  .y_stride = n,
                  .bias = nullptr};
  return best_seconds([&] {
    for (const PackedMatrix& matrix : weights) {
      args.panels = matrix.panel(0);
      kernel(args, 0, matrix.panels());
    }
  });
}

void measure(const KernelTable& table, DType dtype, int n, int k) {
  ThreadPool pool(1);
  auto arena = std::make_shared<Arena>();
  const auto blocks = random_blocks(dtype, static_cast<size_t>(n) * static_cast<size_t>(k), 1);
  std::vector<PackedMatrix> weights;
  double bytes = 0;
  for (; bytes < 128e6; bytes += static_cast<double>(weights.back().bytes()))
    weights.push_back(PackedMatrix::pack(dtype, n, k, blocks, pool, arena));
  const double pairs = static_cast<double>(n) * k;
  const std::vector<PackedMatrix> one{weights[0]};
  const auto rate = [&](LinearKernel kernel, int rows) {
    return rows * pairs / seconds_of(table, kernel, one, rows) / 1e9;
  };
  fmt::print("{:12} {:7} {:6.1f} GB/s  {:7.1f} {:7.1f} G multiply-adds/s", table.name, info(dtype).name,
             bytes / seconds_of(table, table.linear, weights, 1) / 1e9, rate(table.linear, 8),
             rate(table.linear, 64));
  if (table.linear_bf16 != nullptr) {
    fmt::print("; tiles {:7.1f} {:7.1f} {:7.1f}", rate(table.linear_bf16, 32), rate(table.linear_bf16, 128),
               rate(table.linear_bf16, 512));
  }
  if (packed_layout(dtype).low_bytes > 0) {
    std::vector<float> estimates(static_cast<size_t>(n)), bounds(static_cast<size_t>(n));
    const auto bound = [&](const LinearArgs& args, int begin, int end) {
      table.bound(args, begin, end, estimates.data(), bounds.data());
    };
    const double read = bytes - static_cast<double>(weights.size() * weights[0].low_bytes());
    fmt::print("; bounds {:6.1f} GB/s", read / seconds_of(table, bound, weights, 1) / 1e9);
  }
  fmt::print("\n");
}

void measure_all(int n, int k) {
  for (const KernelTable* table : available_kernels()) {
    constexpr int kRounds = 20000;
    const double peak = kRounds * 512.0 / best_seconds([&] { table->peak_int8(kRounds); }) / 1e9;
    std::vector<std::byte> memory(128'000'000);
    const double read = 128e6 / best_seconds([&] { table->read_all(memory.data(), memory.size()); }) / 1e9;
    fmt::print("{:12} limits  {:6.1f} GB/s  {:7.1f} G multiply-adds/s (int8)", table->name, read, peak);
    if (table->peak_bf16 != nullptr)
      fmt::print("; tiles {:7.1f}",
                 kRounds * 32768.0 / best_seconds([&] { table->peak_bf16(kRounds); }) / 1e9);
    fmt::print("\n");
    for (const DTypeInfo& type : kDTypes) {
      if (k % static_cast<int>(type.block) == 0) measure(*table, type.dtype, n, k);
    }
  }
}

}  // namespace
}  // namespace understudy

int main(int count, char** arguments) {
  const int n = count > 1 ? std::atoi(arguments[1]) : 1536, k = count > 2 ? std::atoi(arguments[2]) : 1536;
  understudy::measure_all(n, k);
}
