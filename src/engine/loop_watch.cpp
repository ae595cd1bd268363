#include "engine/loop_watch.h"

namespace understudy {

void LoopWatch::rewind(const Loop& loop, std::span<const TokenId> answer) {
  rewinds_--;
  banned_[loop.rewind].push_back(answer[static_cast<size_t>(loop.rewind)]);
  begin_anew();
  for (const TokenId token : answer.first(static_cast<size_t>(loop.rewind))) add(token);
}

std::span<const TokenId> LoopWatch::banned(int length) const {
  const auto it = banned_.find(length);
  if (it == banned_.end()) return {};
  return it->second;
}

std::optional<int> LoopWatch::next_ban(int length) const {
  const auto it = banned_.lower_bound(length);
  if (it == banned_.end()) return std::nullopt;
  return it->first;
}

std::optional<LoopIncident> LoopWatch::cut(std::span<const TokenId> answer) const {
  constexpr size_t kTail = 512;
  constexpr size_t kLate = 16;  // tokens that may still be a part of the last word or number
  LoopDetector detector(/*looped_before=*/true);
  const size_t begin = answer.size() - std::min(kTail, answer.size());
  std::optional<Loop> loop;
  for (size_t i = begin; i < answer.size(); i++) {
    const auto now = detector.add(answer[i], guard_.tokenizer->bytes(answer[i]));
    if (now || i + kLate < answer.size()) loop = now;
  }
  if (!loop) return std::nullopt;
  loop->rewind += static_cast<int>(begin);
  return incident(*loop, LoopIncident::Action::cut, answer);
}

LoopIncident LoopWatch::incident(const Loop& loop, LoopIncident::Action action,
                                 std::span<const TokenId> answer) const {
  LoopIncident incident{action, loop.period, loop.rewind, static_cast<int>(answer.size()), ""};
  const auto begin = static_cast<size_t>(loop.rewind), period = static_cast<size_t>(loop.period);
  const auto copy = answer.subspan(begin, std::min(period, answer.size() - begin));
  incident.text = guard_.tokenizer->decode({copy.begin(), copy.end()});
  return incident;
}

}  // namespace understudy
