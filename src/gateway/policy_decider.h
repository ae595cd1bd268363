// Decider over the promoted policies of a home folder (flywheel/live_policies.h).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "flywheel/live_policies.h"
#include "gateway/decider.h"
#include "gateway/worker.h"

namespace understudy {

// Decides on a few threads of its own, so that whoever asks never waits. While kMaxWaiting calls wait, further ones go up
// with the reason "local_queue_full".
class PolicyDecider : public Decider {
 public:
  static constexpr int kMaxWaiting = 64;

  // `policies` must outlive it. threads > 0.
  explicit PolicyDecider(LivePolicies& policies, int threads = 2);
  // Decides what waits first.
  ~PolicyDecider() override;

  void decide(LiveCall call, std::function<void(Decision)> done) override;

 private:
  struct Lane {
    Worker worker;
    std::atomic<int> waiting = 0;
  };

  LivePolicies& policies_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace understudy
