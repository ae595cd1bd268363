// What is asked outside of tasks: calls without a skeleton, grouped by meaning. For a reader to look at; a topic is never
// a task, has no contract and moves nowhere.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "flywheel/mine.h"
#include "flywheel/models.h"

namespace understudy {

struct Topic {
  std::vector<size_t> calls;  // indexes, ascending
  std::string text;           // of the call nearest to the topic's centre
};

inline constexpr size_t kMaxTopicCalls =
    2000;  // the newest that are looked at: embedding takes tens of ms each

// Whether there are calls enough for one.
bool may_have_topics(const Mining& mining);

// Topics of kMinCalls calls or more, largest first. Only calls that stay because they share no skeleton (Stays::alone) or
// are chat (open_ended): calls of a task are never touched. The text that counts is that of the last message; calls whose
// text the embedder does not read belong to no topic, and calls with different parts never to one. Each text joins the
// centre it is nearest to, if their cosine is at least kTopicCosine, in two passes over the calls in order (leader
// clustering: Hartigan, "Clustering Algorithms", 1975, chapter 3): the same calls give the same topics.
// Errors: the embedder's.
Result<std::vector<Topic>> find_topics(const Mining& mining, std::span<const Call> calls,
                                       std::span<const ReadCall> read, TextEmbedder& embedder);

}  // namespace understudy
