// Which prompt rows a step computes. Pure functions of the sequences that are still reading their prompts.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

struct Prefilling {
  std::span<const TokenId> prompt;
  int position = 0;      // rows computed; a multiple of kPageTokens
  std::string_view key;  // only prompts of one key share
  bool reuse = true;     // may go on from another sequence's prefix
  bool scored = false;   // wants logits of every row
};

struct PrefillLimits {
  int rows = 0;            // prompt rows a step
  int scored_rows = 0;     // of which scored
  bool snapshots = false;  // the network keeps snapshot state
};

// The next position at which a chunk must end at the latest: the prompt's end or, with snapshots, a place
// where one is kept (every kSnapshotInterval tokens and at the last page boundary that leaves a token to
// compute).
int next_cut(int position, int prompt_size, bool snapshots);
// True if a snapshot is kept at this position.
bool is_snapshot_position(int position, int prompt_size);

// Rows for each of `sequences` (oldest first); at least one gets some. Chunks end at page boundaries or at
// the prompt's end. Rows are shared max-min fairly, so that a short prompt does not wait for a long one. A
// sequence whose next tokens an older one is about to compute gets none: it will go on from that one's pages.
std::vector<int> plan_prefill(std::span<const Prefilling> sequences, const PrefillLimits& limits);

}  // namespace understudy
