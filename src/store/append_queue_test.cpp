#include "store/append_queue.h"

#include <gtest/gtest.h>

#include <future>

#include "store/limits.h"
#include "store/testing/sample_call.h"

namespace understudy {
namespace {

TEST(AppendQueue, WhatWaitsTogetherIsCommittedTogether) {
  std::promise<void> began, go;
  std::vector<size_t> batches;
  std::atomic<int> done = 0;
  {
    AppendQueue queue([&](std::span<const Call> calls) {
      if (batches.empty()) {
        began.set_value();
        go.get_future().wait();
      }
      batches.push_back(calls.size());
      return std::vector<Status>(calls.size());
    });
    queue.push(sample_call(0), [&](const Status& status) { done += status.ok() ? 1 : 0; });
    began.get_future().wait();
    for (int i = 1; i < 10; ++i) {
      queue.push(sample_call(i), [&](const Status& status) { done += status.ok() ? 1 : 0; });
    }
    go.set_value();
  }
  EXPECT_EQ(batches, (std::vector<size_t>{1, 9}));
  EXPECT_EQ(done, 10);
}

TEST(AppendQueue, RefusesMoreThanItsLimit) {
  std::promise<void> began, go;
  std::atomic<int> written = 0, refused = 0;
  {
    AppendQueue queue([&, first = true](std::span<const Call> calls) mutable {
      if (first) {
        began.set_value();
        go.get_future().wait();
      }
      first = false;
      return std::vector<Status>(calls.size());
    });
    auto count = [&](const Status& status) {
      if (status.ok()) {
        ++written;
      } else {
        refused += status.error().code == ErrorCode::exhausted ? 1 : 0;
      }
    };
    queue.push(sample_call(0), count);
    began.get_future().wait();
    for (size_t i = 0; i < kMaxQueuedCalls + 3; ++i) queue.push(sample_call(1), count);
    EXPECT_EQ(refused, 3);
    go.set_value();
  }
  EXPECT_EQ(written, static_cast<int>(kMaxQueuedCalls) + 1);
  EXPECT_EQ(refused, 3);
}

}  // namespace
}  // namespace understudy
