// StateCache: the state memory of all sequences, within one budget of bytes, with prefix reuse.
//
// A sequence is admitted only if the worst case of all admitted sequences fits the budget: a running sequence
// never runs out. What they do not use holds the prefix tree's idle pages, which are given up as needed.
// Pages of full groups shared by several sequences count once; of window groups every sequence is charged its
// own, because they part. Not thread-safe; owned by the engine's thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "blocks/batch.h"
#include "engine/page_pool.h"
#include "engine/prefix_tree.h"

namespace understudy {

// One sequence's state; its members belong to StateCache. `pages` and `snapshot` are as SequenceRows wants
// them.
struct SequenceState {
  std::vector<std::vector<std::byte*>> pages;  // by group, by page; nullptr: behind the window
  std::byte* snapshot = nullptr;
  int position = 0;                  // rows computed
  PrefixTree::Node* node = nullptr;  // pinned: the tree's node that ends at the last full prompt page
  size_t promised = 0;               // bytes it may still take
};

class StateCache {
 public:
  // `chunk`: most rows of one sequence in a step. Errors: exhausted (address space).
  static Result<std::unique_ptr<StateCache>> create(std::vector<PageGroup> groups, size_t snapshot_bytes,
                                                    int chunk, size_t budget);

  // Bytes that a sequence of `rows` rows can need at once.
  static size_t sequence_bytes(std::span<const PageGroup> groups, size_t snapshot_bytes, int chunk, int rows);

  // Makes `state` the state of a new sequence whose first rows are `prompt` and that will not exceed `rows`;
  // false if there is no room now. With `reuse` it starts at the end of the longest known prefix:
  // state.position.
  bool admit(SequenceState& state, const std::string& key, std::span<const TokenId> prompt, int rows,
             bool reuse);
  // Goes on from a longer prefix if the tree has one by now; the positions gained.
  int advance_by_reuse(SequenceState& state, std::span<const TokenId> prompt);
  // Provides the pages for rows [state.position, end).
  void extend(SequenceState& state, int end);
  // Whether the sequence can go on from an earlier position of its answer: its rows from there on are written again, and
  // what those before see is still there (windows release what is behind them; snapshots have no way back).
  bool holds(const SequenceState& state, int position) const;
  // Takes extend() back: the rows were not computed.
  void retract(SequenceState& state);
  // Rows [state.position, end) are computed: full prompt pages enter the tree, pages behind the windows are
  // released; with `snapshot`, so does the snapshot state if there is room.
  void commit(SequenceState& state, std::span<const TokenId> prompt, int end, bool snapshot);
  void release(SequenceState& state);

  size_t budget() const { return budget_; }
  size_t held_bytes() const;  // in use by sequences
  size_t idle_bytes() const;  // prefix tree only

 private:
  StateCache(std::vector<PageGroup> groups, size_t snapshot_bytes, int chunk, size_t budget);
  std::byte* allocate(PagePool& pool);
  void commit_memory(PagePool& pool);
  void adopt(SequenceState& state, PrefixTree::Node* node);
  void keep_prompt_pages(SequenceState& state, std::span<const TokenId> prompt, int end);
  void keep_snapshot(SequenceState& state);
  void release_behind_windows(SequenceState& state);
  void spend(SequenceState& state, size_t bytes);
  size_t full_held_bytes() const;
  PagePool& snapshots() { return pools_.back(); }

  std::vector<PageGroup> groups_;
  size_t snapshot_bytes_;
  int chunk_;
  size_t budget_;
  size_t promised_ = 0;          // sum over sequences
  std::vector<PagePool> pools_;  // by group, then snapshots
  std::unique_ptr<PrefixTree> tree_;
};

}  // namespace understudy
