// The scheduler's logits: which of them a step computes, and what is sampled from each row.
#include <algorithm>

#include "engine/scheduler.h"

namespace understudy {

namespace {

// Less work than this (logits) is done before another thread has woken up.
constexpr size_t kParallelLogits = 1 << 15;

}  // namespace

// Grammars are asked before the pass, so that the head computes what may come and no more: it is a third of Qwen 0.5B's
// bytes and three quarters of Gemma 270M's.
void Scheduler::restrict_logits() {
  const auto find = [&](int j) {
    Job& job = jobs_[static_cast<size_t>(j)];
    if (!job.sample || job.drafted) return;
    if (job.sequence->generated() == 0 && job.sequence->forced.empty()) job.sequence->begin_answer();
    allow(job);
  };
  const int jobs = static_cast<int>(jobs_.size());
  const auto locked = std::count_if(jobs_.begin(), jobs_.end(),
                                    [](const Job& job) { return job.sequence->locked.has_value(); });
  if (locked > 1) {
    pool_.run(jobs, find);
  } else {
    for (int j = 0; j < jobs; j++) find(j);
  }
  batch_.wanted = wanted_tokens();
  batch_.largest_only = !batch_.wanted && std::all_of(jobs_.begin(), jobs_.end(), [](const Job& job) {
    const Sequence& s = *job.sequence;
    const bool any_token = !s.path && !s.locked && job.allowed == nullptr;
    return job.sample && s.request.logprobs < 0 && any_token && s.sampler.takes_largest();
  });
}

// What may come where the answer is now.
void Scheduler::allow(Job& job) const {
  Sequence& s = *job.sequence;
  if (!s.forced.empty()) return;
  if (s.locked) job.allowed = &s.locked->mask();
  if (s.watch && !s.watch->banned(s.generated()).empty())
    job.allowed =
        &s.without_banned(job.allowed, static_cast<size_t>(model_.network->vocabulary()), job.others);
}

std::optional<std::vector<TokenRange>> Scheduler::wanted_tokens() const {
  TokenMask wanted(static_cast<size_t>(model_.network->vocabulary()));
  for (const Job& job : jobs_) {
    const Sequence& s = *job.sequence;
    if (!job.sample || s.request.logprobs >= 0) return std::nullopt;
    if (!s.forced.empty()) continue;
    if (s.path) {
      s.path->add_next(wanted);
    } else if (s.locked) {
      wanted.add(job.drafted ? s.wanted_behind_drafts : *job.allowed);
    } else {
      return std::nullopt;
    }
  }
  std::vector<TokenRange> ranges;
  for (size_t i = 0; i < wanted.words().size(); i++) {
    if (wanted.words()[i] == 0) continue;
    const auto begin = static_cast<int32_t>(64 * i);
    const int32_t end = std::min(begin + 64, model_.network->vocabulary());
    if (!ranges.empty() && ranges.back().end == begin) {
      ranges.back().end = end;
    } else {
      ranges.push_back({begin, end});
    }
  }
  return ranges;
}

// Each job writes to its own place, and a sequence has one job that samples and is not drafted.
void Scheduler::run_jobs(std::span<const float> logits) {
  const auto vocabulary = static_cast<size_t>(model_.network->vocabulary());
  const auto run = [&](int j) {
    const Job& job = jobs_[static_cast<size_t>(j)];
    if (!job.drafted) run_job(job, logits.subspan(static_cast<size_t>(j) * vocabulary, vocabulary));
  };
  const int jobs = static_cast<int>(jobs_.size());
  if (jobs > 1 && static_cast<size_t>(jobs) * vocabulary >= kParallelLogits) {
    pool_.run(jobs, run);
  } else {
    for (int j = 0; j < jobs; j++) run(j);
  }
}

// `row`: (V) logits.
void Scheduler::run_job(const Job& job, std::span<const float> row) const {
  Sequence& s = *job.sequence;
  const int alternatives = std::max(s.request.logprobs, 0);
  if (!job.sample) {
    const size_t next = static_cast<size_t>(job.position) + 1;
    s.prompt_events[next] = with_logprobs(row, s.tokens[next], alternatives);
    return;
  }
  std::optional<TokenId> token;
  if (!s.forced.empty()) {
    token = s.forced.front();
  } else {
    token = s.path ? s.path->choose(row) : s.sampler.sample(row, job.position + 1, job.allowed);
  }
  if (!token) return;
  s.next = s.request.logprobs >= 0 ? with_logprobs(row, *token, alternatives) : TokenEvent{*token, {}, {}};
  if (job.allowed) s.next->share = share_of(row, *token, *job.allowed);
}

}  // namespace understudy
