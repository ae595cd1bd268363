// Limits of the engine, in one place.
#pragma once

#include <cstddef>

#include "blocks/batch.h"

namespace understudy {

inline constexpr int kMaxThreads = 1024;
inline constexpr int kMaxContext = 1 << 24;           // tokens; for models that name no trained context
inline constexpr int kMaxRunning = 1024;              // sequences in a step
inline constexpr int kMaxQueued = 1 << 20;            // waiting requests
inline constexpr int kMinPrefillChunk = kPageTokens;  // a chunk ends at a page boundary, so it holds a page
inline constexpr int kMaxPrefillChunk = 1 << 14;      // rows
inline constexpr int kMaxLogprobs = 100;              // alternatives reported a token
inline constexpr int kMaxStopTokens = 1024;           // of one request
inline constexpr int kMaxLogitBias = 1 << 16;         // entries of one request
inline constexpr size_t kMaxChoices = 4096;           // of one request
inline constexpr size_t kMaxChoiceTokens = 1 << 16;   // of all choices of one request
inline constexpr size_t kScoringLogitBytes = 64u << 20;  // logits of scored prompt rows in one step
inline constexpr int kSnapshotInterval = 256;            // tokens between snapshots kept for reuse

}  // namespace understudy
