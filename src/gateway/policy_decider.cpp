#include "gateway/policy_decider.h"

#include <algorithm>
#include <utility>

namespace understudy {
namespace {

Decision decision_of(PolicyDecision found) {
  Decision decision;
  decision.local = found.local;
  decision.reason = std::move(found.reason);
  decision.task = std::move(found.task);
  decision.proof = std::move(found.policy_hash);
  decision.audit = found.audit;
  decision.response = std::move(found.response);
  decision.target_model = std::move(found.rung);
  decision.adapter_hash = std::move(found.specialist_hash);
  decision.confidence = found.confidence;
  decision.prompt_tokens = found.prompt_tokens;
  decision.completion_tokens = found.completion_tokens;
  decision.total_ms = found.total_ms;
  decision.cpu_seconds = found.cpu_seconds;
  return decision;
}

}  // namespace

PolicyDecider::PolicyDecider(LivePolicies& policies, int threads) : policies_(policies) {
  for (int i = 0; i < threads; ++i) lanes_.push_back(std::make_unique<Lane>());
}

PolicyDecider::~PolicyDecider() {
  for (const auto& lane : lanes_) lane->worker.stop();
}

void PolicyDecider::decide(LiveCall call, std::function<void(Decision)> done) {
  Lane& lane = **std::min_element(lanes_.begin(), lanes_.end(),
                                  [](const auto& a, const auto& b) { return a->waiting < b->waiting; });
  if (lane.waiting * static_cast<int>(lanes_.size()) >= kMaxWaiting) {
    Decision full;
    full.reason = "local_queue_full";
    done(std::move(full));
    return;
  }
  ++lane.waiting;
  lane.worker.post([this, &lane, call = std::move(call), done = std::move(done)] {
    Decision decision = decision_of(policies_.decide(call.project, call.endpoint, call.request));
    --lane.waiting;
    done(std::move(decision));
  });
}

}  // namespace understudy
