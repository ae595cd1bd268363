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

ThreadPool::ThreadPool(int threads) {
  if (threads <= 0) threads = default_threads();
  threads = std::min<int>(threads, kInside);
  for (int i = 1; i < threads; i++) workers_.emplace_back([this] { loop(); });
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
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  region_.fetch_add(kNumber | kOpen, std::memory_order_release);
  region_.notify_all();
  work();

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
void ThreadPool::work() {
  int begin = next_.load(std::memory_order_relaxed);
  while (begin < tasks_) {
    const int end = begin + std::max(1, (tasks_ - begin) / (2 * size()));
    if (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed)) continue;
    invoke_(function_, begin, end);
    begin = next_.load(std::memory_order_relaxed);
  }
}

void ThreadPool::loop() {
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
    work();
    region = region_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if ((region & (kOpen | kInside)) == 0) region_.notify_all();  // the caller may be waiting
  }
}

}  // namespace understudy
