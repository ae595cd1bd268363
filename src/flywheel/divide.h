// From a coarse group of prompts to exact skeletons: the difference between a slot and two tasks is decided here.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "flywheel/answer.h"
#include "flywheel/skeleton.h"

namespace understudy {

// A prompt that calls have in common, and the answer of the first of them.
struct Prompt {
  std::vector<std::string_view> texts;
  const CallAnswer* answer = nullptr;
};

struct FoundSkeleton {
  Skeleton skeleton;
  std::vector<uint32_t> prompts;  // that match it, ascending
};

// Skeletons of at least kMinCalls prompts each among `group`, indexes into `prompts`, ascending. In turn:
// 1. the consensus of a sample gives literals and slots; prompts that do not match are left out;
// 2. a slot whose values are versions of the prompt (slot_rules.h) divides the group by them, and each part is
//    looked at again;
// 3. prompts that share kLongInstructionWords constant words inside a slot, at least half of its text, are a task
//    of their own unless their answers are those of the others; if the form of the answers differs, or the skeleton
//    around says too little to be a task, kShortInstructionWords are enough.
// Prompts in none of the skeletons are the caller's to look at again.
std::vector<FoundSkeleton> divide(const std::vector<Prompt>& prompts, const std::vector<uint32_t>& group);

}  // namespace understudy
