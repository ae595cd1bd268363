#include "app/machine_limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/huge_buffer.h"

namespace understudy {

namespace {

constexpr int kPasses = 7;

// Median rate of `amount` a pass; `sink` keeps the results of the work alive.
template <typename Pass>
double median_rate(double amount, Pass pass) {
  std::vector<double> rates;
  for (int i = 0; i < kPasses; i++) {
    const auto start = std::chrono::steady_clock::now();
    pass();
    rates.push_back(amount / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(rates.begin(), rates.begin() + kPasses / 2, rates.end());
  return rates[kPasses / 2];
}

}  // namespace

double read_bytes_per_s(ThreadPool& pool, const KernelTable& kernels, size_t bytes) {
  constexpr size_t kChunk = size_t{1} << 18;
  const size_t chunks = std::max<size_t>(1, bytes / kChunk);
  HugeBuffer buffer(chunks * kChunk);
  std::memset(buffer.data(), 1, buffer.bytes());
  std::atomic<uint64_t> sink = 0;
  return median_rate(static_cast<double>(chunks * kChunk), [&] {
    pool.run(static_cast<int>(chunks), [&](int i) {
      sink += kernels.read_all(buffer.data() + static_cast<size_t>(i) * kChunk, kChunk);
    });
  });
}

double multiply_adds_per_s(ThreadPool& pool, const KernelTable& kernels, bool prompt) {
  const int tasks = 4 * pool.size();
  if (prompt && kernels.peak_bf16 != nullptr) {
    constexpr int kRounds = 1 << 14, kMultiplyAddsARound = 32768;
    return median_rate(static_cast<double>(kMultiplyAddsARound) * kRounds * tasks,
                       [&] { pool.run(tasks, [&](int) { kernels.peak_bf16(kRounds); }); });
  }
  constexpr int kRounds = 1 << 18, kMultiplyAddsARound = 512;
  std::atomic<int64_t> sink = 0;
  return median_rate(static_cast<double>(kMultiplyAddsARound) * kRounds * tasks,
                     [&] { pool.run(tasks, [&](int) { sink += kernels.peak_int8(kRounds); }); });
}

}  // namespace understudy
