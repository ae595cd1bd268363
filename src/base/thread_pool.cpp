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
  for (int i = 1; i < threads; i++) workers_.emplace_back([this] { loop(); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  region_.fetch_add(1, std::memory_order_release);
  region_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run_erased(int tasks, Invoke invoke, void* function) {
  if (tasks <= 0) return;
  if (workers_.empty() || tasks == 1) {
    for (int task = 0; task < tasks; task++) invoke(function, task);
    return;
  }
  invoke_ = invoke;
  function_ = function;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  region_.fetch_add(1, std::memory_order_release);
  region_.notify_all();
  for (int task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks;) invoke(function, task);

  // Every worker must have left the region before its fields may be reused.
  int count = static_cast<int>(workers_.size());
  for (int spin = 0;; spin++) {
    int finished = finished_.load(std::memory_order_acquire);
    if (finished == count) return;
    if (spin < kSpins) {
      pause();
    } else {
      finished_.wait(finished, std::memory_order_acquire);
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

void ThreadPool::loop() {
  uint32_t seen = 0;
  while (true) {
    int spin = 0;
    while (region_.load(std::memory_order_acquire) == seen) {
      if (++spin < kSpins) {
        pause();
      } else {
        region_.wait(seen, std::memory_order_acquire);
      }
    }
    seen++;
    if (stop_.load(std::memory_order_relaxed)) return;
    for (int task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) invoke_(function_, task);
    if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<int>(workers_.size())) {
      finished_.notify_one();
    }
  }
}

}  // namespace understudy
