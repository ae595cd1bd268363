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

LoopIncident LoopWatch::incident(const Loop& loop, LoopIncident::Action action,
                                 std::span<const TokenId> answer) const {
  LoopIncident incident{action, loop.period, loop.rewind, static_cast<int>(answer.size()), ""};
  const auto begin = static_cast<size_t>(loop.rewind), period = static_cast<size_t>(loop.period);
  const auto copy = answer.subspan(begin, std::min(period, answer.size() - begin));
  incident.text = guard_.tokenizer->decode({copy.begin(), copy.end()});
  return incident;
}

}  // namespace understudy
