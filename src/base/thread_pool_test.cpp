#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <numeric>
#include <thread>
#include <vector>

namespace understudy {
namespace {

TEST(ThreadPool, DoesEveryTaskOnceAndIsDoneWhenItReturns) {
  // More threads than cores too: then most regions end without some of them.
  for (const int threads : {1, 2, 3, 16}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.size(), threads);
    std::vector<int> done(40, 0);  // plain memory: whatever a task wrote is the caller's to read
    for (int region = 0; region < 3000; region++) {
      const int tasks = region % static_cast<int>(done.size()) + 1;
      pool.run(tasks, [&](int task) { done[static_cast<size_t>(task)] += region + 1; });
      const int sum = std::accumulate(done.begin(), done.end(), 0);
      ASSERT_EQ(sum, tasks * (region + 1)) << threads << " threads, region " << region;
      done.assign(done.size(), 0);
    }
  }
}

TEST(ThreadPool, WhatABusyThreadHasNotBegunIsDoneByOthers) {
  constexpr int kTasks = 1000;
  ThreadPool pool(2);
  std::atomic<int> done{0};
  bool all_others = false;
  pool.run_ranges(kTasks, [&](int begin, int end) {
    if (begin > 0) {
      done += end - begin;
      return;
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!all_others && std::chrono::steady_clock::now() < deadline) all_others = done == kTasks - end;
  });
  EXPECT_TRUE(all_others);
}

TEST(ThreadPool, WorkersThatSleepAreWoken) {
  ThreadPool pool(2);
  for (int region = 0; region < 20; region++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // beyond their spinning
    std::latch both(
        2);  // neither task can end before the other has begun: without the worker this would hang
    std::vector<std::thread::id> ids(2);
    pool.run(2, [&](int task) {
      ids[static_cast<size_t>(task)] = std::this_thread::get_id();
      both.arrive_and_wait();
    });
    EXPECT_NE(ids[0], ids[1]);
  }
}

TEST(ThreadPool, NoTaskIsNoRegion) {
  ThreadPool pool(3);
  pool.run(0, [](int) { FAIL(); });
  pool.run(-1, [](int) { FAIL(); });
}

TEST(ThreadPool, CountsTheTimeOfItsWorkers) {
  ThreadPool pool(2);
  const double before = pool.cpu_seconds();
  volatile double sum = 0;
  pool.run(2, [&](int task) {
    double mine = 0;
    for (int i = 0; i < 2'000'000; i++) mine += i * 0.5;
    if (task == 0) sum = mine;
  });
  EXPECT_GT(pool.cpu_seconds(), before);
}

}  // namespace
}  // namespace understudy
