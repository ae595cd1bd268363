#include "base/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

namespace understudy {

namespace {

// About 20 us of pauses: longer than the gap between two regions of a step, shorter than a scheduler's time
// slice.
constexpr int kSpins = 2000;

// The parts of ThreadPool::region_. The number wraps: a worker that misses 2^20 regions in a row may miss one more.
constexpr uint32_t kInside = (1u << 11) - 1, kOpen = 1u << 11, kNumber = 1u << 12, kNumbers = ~(kNumber - 1);

constexpr uint64_t pack(uint64_t begin, uint64_t end) { return begin << 32 | end; }
constexpr uint64_t begin_of(uint64_t range) { return range >> 32; }
constexpr uint64_t end_of(uint64_t range) { return range & 0xffffffff; }

inline void pause() { __builtin_ia32_pause(); }

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double cgroup_quota() {
  std::string quota;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {
    if (quota == "max" || period <= 0) return 0;
    return std::stod(quota) / period;
  }
  double micros = 0;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
      v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1_quota >> micros && v1_period >> period && micros > 0 && period > 0) return micros / period;
  return 0;
}

}  // namespace

int default_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int threads = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) threads = CPU_COUNT(&set);
  double quota = cgroup_quota();
  if (quota > 0) threads = std::min(threads, static_cast<int>(std::ceil(quota)));
  return std::max(threads, 1);
}

ThreadPool::ThreadPool(int threads)
    : shares_(static_cast<size_t>(std::min<int>(threads > 0 ? threads : default_threads(), kInside))) {
  for (size_t i = 1; i < shares_.size(); i++) workers_.emplace_back([this, i] { loop(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  region_.fetch_add(kNumber, std::memory_order_release);
  region_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run_erased(int tasks, Invoke invoke, void* function) {
  if (tasks <= 0) return;
  if (workers_.empty() || tasks == 1) {
    invoke(function, 0, tasks);
    return;
  }
  // The last region is closed and empty, so nobody reads these.
  invoke_ = invoke;
  function_ = function;
  const auto count = static_cast<uint64_t>(tasks);
  for (size_t i = 0; i < shares_.size(); i++)
    shares_[i].range.store(pack(count * i / shares_.size(), count * (i + 1) / shares_.size()),
                           std::memory_order_relaxed);
  region_.fetch_add(kNumber | kOpen, std::memory_order_release);
  region_.notify_all();
  work(0);

  uint32_t region = region_.fetch_sub(kOpen, std::memory_order_acq_rel) - kOpen;
  for (int spin = 0; (region & kInside) != 0; region = region_.load(std::memory_order_acquire)) {
    if (spin++ < kSpins) {
      pause();
    } else {
      region_.wait(region, std::memory_order_acquire);
    }
  }
}

double ThreadPool::cpu_seconds() {
  double seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (std::thread& worker : workers_) {
    clockid_t clock;
    if (pthread_getcpuclockid(worker.native_handle(), &clock) == 0) seconds += seconds_of(clock);
  }
  return seconds;
}

// Claims ranges of the open region until none is left.
void ThreadPool::work(size_t thread) {
  std::atomic<uint64_t>& range = shares_[thread].range;
  do {
    uint64_t share = range.load(std::memory_order_relaxed);
    while (begin_of(share) < end_of(share)) {
      const uint64_t middle = begin_of(share) + (end_of(share) - begin_of(share) + 1) / 2;
      if (!range.compare_exchange_weak(share, pack(middle, end_of(share)), std::memory_order_relaxed))
        continue;
      invoke_(function_, static_cast<int>(begin_of(share)), static_cast<int>(middle));
      share = range.load(std::memory_order_relaxed);
    }
  } while (take_from_others(thread));
}

// The rear half of the next share that is not empty becomes the thread's own. Only its owner fills an empty share, and a
// region's tasks are never claimed twice, so a share that still reads as it did holds what it held.
bool ThreadPool::take_from_others(size_t thread) {
  for (size_t i = 1; i < shares_.size(); i++) {
    std::atomic<uint64_t>& range = shares_[(thread + i) % shares_.size()].range;
    uint64_t share = range.load(std::memory_order_relaxed);
    while (begin_of(share) < end_of(share)) {
      const uint64_t middle = begin_of(share) + (end_of(share) - begin_of(share)) / 2;
      if (!range.compare_exchange_weak(share, pack(begin_of(share), middle), std::memory_order_relaxed))
        continue;
      shares_[thread].range.store(pack(middle, end_of(share)), std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

void ThreadPool::loop(size_t thread) {
  uint32_t seen = 0;
  while (true) {
    uint32_t region = region_.load(std::memory_order_acquire);
    for (int spin = 0; (region & kNumbers) == seen; region = region_.load(std::memory_order_acquire)) {
      if (spin++ < kSpins) {
        pause();
      } else {
        region_.wait(region, std::memory_order_acquire);
      }
    }
    seen = region & kNumbers;
    if (stop_.load(std::memory_order_relaxed)) return;
    bool joined = false;
    while ((region & (kNumbers | kOpen)) == (seen | kOpen) && !joined)
      joined = region_.compare_exchange_weak(region, region + 1, std::memory_order_acq_rel);
    if (!joined) continue;
    work(thread);
    region = region_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if ((region & (kOpen | kInside)) == 0) region_.notify_all();  // the caller may be waiting
  }
}

}  // namespace understudy
