// Batch: one step's rows for all sequences, prompt and generated together; and the declared state of a
// network.
//
// Rows are (sequence, position) pairs. A row's result depends only on its own history (the numeric contract):
// never on which other rows share the step, how a prompt is cut into chunks, or which pages hold its keys.
//
// State comes in two forms. *Paged*: keys and values in pages of kPageTokens tokens; page p of a sequence
// holds positions [p * kPageTokens, (p + 1) * kPageTokens). Layers with equal retention form a PageGroup and
// share page tables: one page of a group carries those tokens for all of the group's layers. *Snapshot*: a
// fixed number of bytes per sequence that each step advances in place (convolution tails); all zero at
// position 0.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace understudy {

struct Adapter;

inline constexpr int kPageTokens = 16;

struct PageGroup {
  int window = 0;         // a row sees keys at positions > position - window only; 0: all
  size_t page_bytes = 0;  // bytes of one page, all layers of the group; 64-byte aligned
};

// The kind picks the arithmetic of a row, so that the same token at the same place always gives the same
// bits.
enum class RowKind : uint8_t { prompt, generated };

struct SequenceRows {
  int row = 0, rows = 0;  // rows [row, row + rows) of the batch, consecutive positions
  int position = 0;       // position of the first of them
  RowKind kind = RowKind::prompt;
  // pages[g] is the page table of group g: it covers every page up to the last position of these rows; pages
  // wholly behind the window of the first row may be nullptr. Shared pages are only read: a row writes its
  // own position.
  std::vector<std::span<std::byte* const>> pages;
  std::byte* snapshot = nullptr;     // Network::snapshot_bytes(); nullptr if that is 0
  const Adapter* adapter = nullptr;  // of Network::adaptable_layers(); nullptr: none
};

struct TokenRange {
  int32_t begin = 0, end = 0;
};

struct Batch {
  std::vector<int32_t> tokens;  // (M)
  std::vector<SequenceRows>
      sequences;             // prompt sequences first, then generated; together rows 0..M-1 in order
  std::vector<int> outputs;  // ascending rows whose logits are wanted
  // If given: ascending ranges; logits of other tokens are wanted of no output, and undefined.
  std::optional<std::vector<TokenRange>> wanted;
  // Without `wanted`: of each output only the largest logit is wanted, and those equal to it; others may be -infinity.
  bool largest_only = false;
  // Looked at between blocks; once true, forward() may return early without logits, and the state of the
  // rows' positions and all snapshots of the batch are undefined.
  const std::atomic<bool>* abandoned = nullptr;
  // If not null, forward() adds to element i the seconds that part i of Network::costs() took (the
  // profiler's).
  std::vector<double>* part_seconds = nullptr;
};

}  // namespace understudy
