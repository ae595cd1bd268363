// The numbers that decide what is a task (docs/design/mining.md says why each has its value).
#pragma once

#include <cstddef>

namespace understudy {

// Distinct prompts that a task needs. A constant that all of n calls share is missing from at most 3/n of
// the traffic (rule of three, 95 %): 15 % here.
inline constexpr size_t kMinCalls = 20;
// Prompts that a literal without much text of its own needs, so that the same bound is 5 %.
inline constexpr size_t kMinCallsForWeakLiteral = 60;
// A place of the prompt is constant when at least 19 of 20 calls agree there; what disagrees is an outlier.
inline constexpr size_t kAgreeing = 19, kAgreeingOf = 20;
// Words between two slots that hold for themselves: two texts hardly share three words in a row by chance.
inline constexpr size_t kStrongWords = 3;
// Up to so many values, each of which has a task's worth of calls, are versions of the prompt: tasks apart.
inline constexpr size_t kMaxVersions = 4;
// ... if together they have 9 of 10 calls; the others are looked at again without them.
inline constexpr size_t kVersionShare = 9, kVersionShareOf = 10;
// A place with up to so many values, each repeated kMinCalls times on average, admits no other value.
inline constexpr size_t kMaxClosedValues = 32;
// Constant words that a task needs, unless a JSON schema says what is asked.
inline constexpr size_t kMinConstantWords = 8;
// Frequent shingles that prompts have in common before a skeleton is looked for: about as many words.
inline constexpr size_t kMinShingles = 3;
// Constant words in common that make part of the calls of a skeleton a task of its own: with the same form of
// answer, and with another.
inline constexpr size_t kLongInstructionWords = 12, kShortInstructionWords = 4;

// Work that a single call can cause.
inline constexpr size_t kMaxMessages = 64;
inline constexpr size_t kMaxShingledTokens = 4096;  // of a text; two thirds from its start, the rest its end
inline constexpr size_t kMaxAlignedTokens = 1 << 15;
inline constexpr size_t kMaxLcsCells = 40'000;  // of the quadratic alignment between two anchors
inline constexpr size_t kMaxSample = 200;       // calls that are aligned to find a skeleton
inline constexpr int kMaxDivisions = 12;        // times that a group is divided again
inline constexpr size_t kMaxFailures = 200;  // groups without a skeleton, of calls that only texts tell apart
inline constexpr size_t kMaxConsensus = 200;  // skeletons that are tried for a group and its parts

}  // namespace understudy
