#include "flywheel/live_policies.h"

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <mutex>

#include "base/json.h"
#include "flywheel/answer_forms.h"
#include "flywheel/local_response.h"
#include "flywheel/policy_set.h"
#include "flywheel/tokens.h"
#include "store/call_id.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPollInterval = std::chrono::seconds(1);
constexpr int64_t kMsPerDay = 86'400'000;
constexpr int64_t kMinAuditsPerDay = 20;  // P11

// In [0, 1), the same for the same bytes and number.
double draw(std::string_view bytes, uint64_t number) {
  uint64_t hash = mix(hash_bytes(bytes), number + 1);
  hash ^= hash >> 29;
  return static_cast<double>(mix(hash, 0x51ED27) >> 11) * 0x1p-53;
}

// Whether the client wants what a specialist does not give, although its task's calls ask for it too.
bool asks_for_logprobs(std::string_view request) {
  if (request.find("logprobs") == std::string_view::npos) return false;
  const auto parsed = parse_json(request);
  const boost::json::object* object = parsed.ok() ? parsed->if_object() : nullptr;
  const boost::json::value* wanted = object != nullptr ? object->if_contains("logprobs") : nullptr;
  return wanted != nullptr && !wanted->is_null() && *wanted != false;
}

}  // namespace

struct LivePolicies::Impl {
  std::string home;
  Models* models = nullptr;

  mutable std::mutex mutex;  // of `set` and `next_poll`
  std::shared_ptr<const PolicySet> set;
  Clock::time_point next_poll;

  std::mutex reading;  // one thread reads the folder; others go on with what they have

  // Local answers of each policy: all, and those audited today.
  struct Counts {
    uint64_t answered = 0;
    int64_t day = 0, audited = 0;
  };
  std::mutex counting;
  std::map<std::string, Counts> counts;

  std::shared_ptr<const PolicySet> current() const {
    std::lock_guard lock(mutex);
    return set;
  }

  void read_again() {
    const std::shared_ptr<const PolicySet> before = current();
    auto made = PolicySet::read(home, *models, before.get());
    std::lock_guard lock(mutex);
    set = std::move(made);
  }

  std::shared_ptr<const PolicySet> refreshed() {
    {
      std::lock_guard lock(mutex);
      if (Clock::now() < next_poll) return set;
      next_poll = Clock::now() + kPollInterval;
    }
    std::unique_lock lock(reading, std::try_to_lock);
    if (lock.owns_lock() && folder_signature(home) != current()->signature()) read_again();
    return current();
  }

  bool audits(const Policy& policy, std::string_view request) {
    std::lock_guard lock(counting);
    Counts& of_policy = counts[policy.policy_hash];
    const int64_t day = unix_ms_now() / kMsPerDay;
    if (of_policy.day != day) of_policy = {of_policy.answered, day, 0};
    const bool audit = policy.audit_share > 0 && (of_policy.audited < kMinAuditsPerDay ||
                                                  draw(request, of_policy.answered) < policy.audit_share);
    ++of_policy.answered;
    of_policy.audited += audit ? 1 : 0;
    return audit;
  }

  void ask(const LoadedPolicy& loaded, const ContractMatch& match, std::string_view endpoint,
           std::string_view request, PolicyDecision& decision);
};

void LivePolicies::Impl::ask(const LoadedPolicy& loaded, const ContractMatch& match,
                             std::string_view endpoint, std::string_view request, PolicyDecision& decision) {
  const Policy& policy = loaded.policy;
  const auto answer = loaded.specialist->answer(match.slots);
  if (!answer.ok()) {
    decision.reason = "specialist_failed";
    return;
  }
  decision.rung = loaded.specialist->rung();
  decision.specialist_hash = loaded.specialist->hash();
  decision.confidence = answer->confidence;
  decision.prompt_tokens = answer->prompt_tokens;
  decision.completion_tokens = answer->completion_tokens;
  decision.total_ms = answer->total_ms;
  decision.cpu_seconds = answer->cpu_seconds;
  if (!answer->in_domain) {
    decision.reason = "foreign_input";
  } else if (!answer->well_formed || !keeps_form(policy.contract, answer->value, answer->text)) {
    decision.reason = "malformed_answer";
  } else if (answer->confidence < policy.tau) {
    decision.reason = "below_tau";
  } else if (policy.state == PolicyState::shadow) {
    decision.reason = "shadow";
  } else {
    decision.local = true;
    decision.reason = "specialist";
    decision.audit = audits(policy, request);
    const LocalResponse response{endpoint, policy.contract.task.parts.model, request, policy.policy_hash,
                                 unix_ms_now() / 1000};
    decision.response = response_json(response, policy.contract, *answer);
  }
}

LivePolicies::LivePolicies(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LivePolicies::~LivePolicies() = default;

Result<std::unique_ptr<LivePolicies>> LivePolicies::open(const std::string& home, Models& models) {
  auto impl = std::make_unique<Impl>();
  impl->home = home;
  impl->models = &models;
  impl->set = PolicySet::read(home, models, nullptr);
  impl->next_poll = Clock::now() + kPollInterval;
  return std::unique_ptr<LivePolicies>(new LivePolicies(std::move(impl)));
}

PolicyDecision LivePolicies::decide(std::string_view project, std::string_view endpoint,
                                    std::string_view request) {
  PolicyDecision decision;
  decision.reason = "no_policy";
  std::shared_ptr<const PolicySet> set = impl_->refreshed();
  if (set->size() == 0 || (endpoint != kChatCompletions && endpoint != kCompletions)) return decision;
  const RequestShape shape = read_request(request);
  auto found = set->find(project, shape);
  // A policy that was changed a moment ago counts as it is now: whoever rolls back does not wait.
  if (found && file_signature(found->policy->file) != found->policy->signature) {
    const std::lock_guard lock(impl_->reading);
    impl_->read_again();
    set = impl_->current();
    found = set->find(project, shape);
  }
  if (!found) {
    decision.reason = set->reason(project, shape);
    return decision;
  }
  const Policy& policy = found->policy->policy;
  decision.task = policy.contract.task.key();
  decision.policy_hash = policy.policy_hash;
  // A prompt at the endpoint for messages, or the other way around, is answered by nobody.
  const bool is_prompt = policy.contract.task.parts.layout == "prompt";
  if (is_prompt != (endpoint == kCompletions)) {
    decision.reason = "contract:endpoint";
  } else if (asks_for_logprobs(request)) {
    decision.reason = "contract:logprobs";
  } else if (policy.state == PolicyState::rolled_back || is_rolled_back(impl_->home)) {
    decision.reason = "rolled_back";
  } else if (policy.state == PolicyState::share && draw(request, 0) >= policy.share) {
    decision.reason = "share";
  } else {
    impl_->ask(*found->policy, found->match, endpoint, request, decision);
  }
  return decision;
}

size_t LivePolicies::size() const { return impl_->current()->size(); }

std::vector<std::string> LivePolicies::problems() const { return impl_->current()->problems(); }

}  // namespace understudy
