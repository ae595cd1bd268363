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

  // Calls body(begin, end) on ranges that cover [0, tasks) once, spread over all threads; returns when all are done.
  // Each thread has a share of neighbouring tasks and claims half of what is left of it at a time, in ascending order, so
  // that what it prefetches behind one range it needs in the next; a thread that is done takes the rear half of another's
  // share. The caller may end up doing all of them. Must not be nested. body must not throw.
  template <typename Body>
  void run_ranges(int tasks, Body&& body) {
    using Function = std::remove_reference_t<Body>;
    run_erased(
        tasks, [](void* f, int begin, int end) { (*static_cast<Function*>(f))(begin, end); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

  // The same, task by task.
  template <typename Body>
  void run(int tasks, Body&& body) {
    run_ranges(tasks, [&body](int begin, int end) {
      for (int task = begin; task < end; task++) body(task);
    });
  }

 private:
  using Invoke = void (*)(void*, int begin, int end);
  // Tasks of a region that nobody has claimed yet: begin in the upper half, end in the lower.
  struct alignas(64) Share {
    std::atomic<uint64_t> range{0};
  };
  void run_erased(int tasks, Invoke invoke, void* function);
  void work(size_t thread);
  bool take_from_others(size_t thread);
  void loop(size_t thread);

  std::vector<std::thread> workers_;
  // Number of the region, whether workers may still join it, and how many are inside (kOpen, kInside).
  alignas(64) std::atomic<uint32_t> region_{0};
  Invoke invoke_ = nullptr;
  void* function_ = nullptr;
  std::vector<Share> shares_;  // one a thread; the caller's is the first
  std::atomic<bool> stop_{false};
};

}  // namespace understudy
