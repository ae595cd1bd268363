// ThreadPool: fork-join over a fixed set of threads, for one caller at a time. Workers spin briefly between
// regions (a step has hundreds of them), then sleep on a futex, so that an idle engine costs nothing and a
// busy neighbour is not fought for long. A region waits for the workers that have joined it and for no other: one that
// has no core, or is still waking, misses it, and the caller does its share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace understudy {

// Threads this process may use: the CPU affinity mask, cut down to the cgroup's CPU quota (v1 or v2), at
// least 1.
int default_threads();

class ThreadPool {
 public:
  // `threads` in total, the caller included; 0: default_threads().
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // CPU time of the workers and of the calling thread since each began: two readings tell what was spent between them.
  double cpu_seconds();

  // Calls body(task) once for every task in [0, tasks), spread over all threads; returns when all are done.
  // Tasks are claimed one by one, so a slow thread holds up one task at most, and the caller may end up doing all of them.
  // Must not be nested. body must not throw.
  template <typename Body>
  void run(int tasks, Body&& body) {
    using Function = std::remove_reference_t<Body>;
    run_erased(
        tasks, [](void* f, int task) { (*static_cast<Function*>(f))(task); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Invoke = void (*)(void*, int);
  void run_erased(int tasks, Invoke invoke, void* function);
  void loop();

  std::vector<std::thread> workers_;
  // Number of the region, whether workers may still join it, and how many are inside (kOpen, kInside).
  alignas(64) std::atomic<uint32_t> region_{0};
  alignas(64) std::atomic<int> next_{0};  // next task to claim
  Invoke invoke_ = nullptr;
  void* function_ = nullptr;
  int tasks_ = 0;
  std::atomic<bool> stop_{false};
};

}  // namespace understudy
