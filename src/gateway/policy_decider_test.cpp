#include "gateway/policy_decider.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "flywheel/prove_task.h"
#include "flywheel/testing/loop_home.h"

namespace understudy {
namespace {

// Collects decisions from any thread.
class Decisions {
 public:
  std::function<void(Decision)> sink() {
    return [this](Decision decision) {
      std::lock_guard lock(mutex_);
      all_.push_back(std::move(decision));
      more_.notify_one();
    };
  }
  std::vector<Decision> wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<Decision> all_;
};

LiveCall call_of(size_t number) {
  return {"", "/v1/chat/completions", chat_request(LoopHome::turns(LoopHome::text(number)))};
}

void promote_specialist(LoopHome& loop) {
  loop.record(1300, 0, true);
  ASSERT_TRUE(specialise(loop.request(), *loop.store, loop.models).ok());
  ProveRequest proving;
  proving.home = loop.home();
  proving.task = loop.task.key();
  ASSERT_TRUE(prove_task(proving, *loop.store, loop.models).ok());
  PromoteRequest promoting;
  promoting.home = loop.home();
  promoting.task = loop.task.key();
  ASSERT_TRUE(promote(promoting).ok());
}

TEST(PolicyDecider, DecidesEveryCallOnce) {
  LoopHome loop;
  promote_specialist(loop);
  auto policies = LivePolicies::open(loop.home(), loop.models);
  ASSERT_TRUE(policies.ok());
  Decisions decisions;
  {
    PolicyDecider decider(**policies);
    for (size_t i = 0; i < 40; ++i) decider.decide(call_of(7000 + i), decisions.sink());
  }
  const std::vector<Decision> all = decisions.wait_for(40);
  EXPECT_EQ(all.size(), 40U);
  size_t local = 0;
  for (const Decision& decision : all) {
    EXPECT_EQ(decision.task, loop.task.key());
    EXPECT_FALSE(decision.proof.empty());
    EXPECT_TRUE(decision.total_ms);
    EXPECT_EQ(decision.target_model, "linear head on all-minilm:l6");
    local += decision.local ? 1 : 0;
  }
  EXPECT_GT(local, 35U);
}

TEST(PolicyDecider, WhatDoesNotFitTheQueueGoesUpAtOnce) {
  LoopHome loop;
  auto policies = LivePolicies::open(loop.home(), loop.models);
  ASSERT_TRUE(policies.ok());
  std::mutex blocked;
  Decisions decisions;
  PolicyDecider decider(**policies, 1);
  std::unique_lock lock(blocked);
  decider.decide(call_of(1), [&](Decision) { std::lock_guard wait(blocked); });
  for (int i = 0; i < PolicyDecider::kMaxWaiting + 2; ++i) decider.decide(call_of(1), decisions.sink());
  lock.unlock();
  size_t full = 0;
  for (const Decision& decision : decisions.wait_for(PolicyDecider::kMaxWaiting + 2)) {
    EXPECT_FALSE(decision.local);
    full += decision.reason == "local_queue_full" ? 1 : 0;
  }
  EXPECT_GE(full, 1U);
  EXPECT_LE(full, 3U);
}

}  // namespace
}  // namespace understudy
