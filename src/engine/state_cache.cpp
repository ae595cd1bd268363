#include "engine/state_cache.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/checked.h"

namespace understudy {

namespace {

// Evicting a little more than one page at a time spreads the cost of the tree's walk over many allocations.
constexpr size_t kEvictionShare = 64;

int pages_of(int rows) { return (rows + kPageTokens - 1) / kPageTokens; }

// Pages that a sequence of `rows` rows holds at once in a window group, at most: those touched by the keys
// its chunk's first row can see and the chunk itself, wherever they start in a page.
int window_pages(int window, int chunk, int rows) {
  int64_t span = int64_t{window} - 1 + chunk;
  return static_cast<int>(std::min<int64_t>(pages_of(rows), (span + kPageTokens - 2) / kPageTokens + 1));
}

size_t snapshot_page(size_t snapshot_bytes) {
  return round_up<size_t>(snapshot_bytes, 64);
}  // of a cache line

// Bytes charged for as long as the sequence lives: window groups and its snapshot.
size_t standing_bytes(std::span<const PageGroup> groups, size_t snapshot_bytes, int chunk, int rows) {
  size_t bytes = snapshot_page(snapshot_bytes);
  for (const PageGroup& group : groups) {
    if (group.window != 0)
      bytes += static_cast<size_t>(window_pages(group.window, chunk, rows)) * group.page_bytes;
  }
  return bytes;
}

}  // namespace

size_t StateCache::sequence_bytes(std::span<const PageGroup> groups, size_t snapshot_bytes, int chunk,
                                  int rows) {
  size_t bytes = standing_bytes(groups, snapshot_bytes, chunk, rows);
  for (const PageGroup& group : groups) {
    if (group.window == 0) bytes += static_cast<size_t>(pages_of(rows)) * group.page_bytes;
  }
  return bytes;
}

StateCache::StateCache(std::vector<PageGroup> groups, size_t snapshot_bytes, int chunk, size_t budget)
    : groups_(std::move(groups)),
      snapshot_bytes_(snapshot_page(snapshot_bytes)),
      chunk_(chunk),
      budget_(budget) {}

Result<std::unique_ptr<StateCache>> StateCache::create(std::vector<PageGroup> groups, size_t snapshot_bytes,
                                                       int chunk, size_t budget) {
  std::unique_ptr<StateCache> cache(new StateCache(std::move(groups), snapshot_bytes, chunk, budget));
  auto add_pool = [&](size_t page_bytes) -> Status {
    ASSIGN_OR_RETURN(PagePool pool, PagePool::create(page_bytes, budget / page_bytes));
    cache->pools_.push_back(std::move(pool));
    return {};
  };
  for (const PageGroup& group : cache->groups_) RETURN_IF_ERROR(add_pool(group.page_bytes));
  bool snapshots = cache->snapshot_bytes_ > 0;
  if (snapshots) RETURN_IF_ERROR(add_pool(cache->snapshot_bytes_));
  cache->tree_ = std::make_unique<PrefixTree>(cache->groups_, cache->pools_, snapshots);
  return cache;
}

bool StateCache::admit(SequenceState& state, const std::string& key, std::span<const TokenId> prompt,
                       int rows, bool reuse) {
  // First of all, because making room may evict what the prompt would match.
  std::byte* snapshot = nullptr;
  if (snapshot_bytes_ > 0) {
    if (promised_ + full_held_bytes() + snapshot_bytes_ > budget_) return false;
    snapshot = allocate(snapshots());
  }
  PrefixTree::Node* root = tree_->pin_root(key);
  PrefixTree::Node* node = reuse ? tree_->match(root, prompt) : root;

  size_t full = 0, already_held = 0;
  for (size_t g = 0; g < groups_.size(); g++) {
    if (groups_[g].window != 0) continue;
    full += static_cast<size_t>(pages_of(rows)) * groups_[g].page_bytes;
    for (auto* n = node; n != root; n = n->parent) {
      if (pools_[g].is_held(n->pages[g])) already_held += groups_[g].page_bytes;
    }
  }
  size_t standing = standing_bytes(groups_, snapshot_bytes_, chunk_, rows);
  if (promised_ + full_held_bytes() + full - already_held + standing > budget_) {
    tree_->unpin(root);
    if (snapshot != nullptr) snapshots().release(snapshot);
    return false;
  }
  state = {};
  state.snapshot = snapshot;
  state.pages.resize(groups_.size());
  state.node = root;
  state.promised = full + standing;
  promised_ += state.promised;
  adopt(state, node);
  if (snapshot != nullptr && node == root) std::memset(snapshot, 0, snapshot_bytes_);
  return true;
}

int StateCache::advance_by_reuse(SequenceState& state, std::span<const TokenId> prompt) {
  if (static_cast<int>(prompt.size()) <= state.position + kPageTokens) return 0;
  auto next = prompt.subspan(static_cast<size_t>(state.position), kPageTokens);
  if (tree_->child(state.node, next) == nullptr) return 0;
  PrefixTree::Node* root = state.node;
  while (root->parent != nullptr) root = root->parent;
  PrefixTree::Node* node = tree_->match(root, prompt);
  int gained = node->depth * kPageTokens - state.position;
  if (gained <= 0) return 0;
  adopt(state, node);
  return gained;
}

// Goes to the end of `node`, which is further along the sequence's own prompt.
void StateCache::adopt(SequenceState& state, PrefixTree::Node* node) {
  auto from = static_cast<size_t>(state.position / kPageTokens), to = static_cast<size_t>(node->depth);
  state.position = node->depth * kPageTokens;
  release_behind_windows(state);
  for (size_t g = 0; g < groups_.size(); g++) {
    auto& table = state.pages[g];
    table.resize(to);
    auto first = static_cast<size_t>(first_visible_page(groups_[g].window, state.position));
    PrefixTree::Node* n = node;
    for (size_t p = to; p-- > std::max(from, first); n = n->parent) {
      pools_[g].hold(n->pages[g]);
      table[p] = n->pages[g];
      if (groups_[g].window == 0) spend(state, groups_[g].page_bytes);
    }
  }
  if (snapshot_bytes_ > 0 && node->snapshot != nullptr)
    std::memcpy(state.snapshot, node->snapshot, snapshot_bytes_);
  tree_->pin(node);
  tree_->unpin(state.node);
  state.node = node;
}

void StateCache::extend(SequenceState& state, int end) {
  for (size_t g = 0; g < groups_.size(); g++) {
    auto& table = state.pages[g];
    while (static_cast<int>(table.size()) < pages_of(end)) {
      table.push_back(allocate(pools_[g]));
      if (groups_[g].window == 0) spend(state, groups_[g].page_bytes);
    }
  }
}

bool StateCache::holds(const SequenceState& state, int position) const {
  if (snapshot_bytes_ > 0) return false;
  for (size_t g = 0; g < groups_.size(); g++) {
    const auto first = static_cast<size_t>(first_visible_page(groups_[g].window, position));
    if (first >= state.pages[g].size() || state.pages[g][first] == nullptr) return false;
  }
  return true;
}

void StateCache::retract(SequenceState& state) {
  for (size_t g = 0; g < groups_.size(); g++) {
    auto& table = state.pages[g];
    while (static_cast<int>(table.size()) > pages_of(state.position)) {
      pools_[g].release(table.back());
      table.pop_back();
      if (groups_[g].window != 0) continue;
      state.promised += groups_[g].page_bytes;
      promised_ += groups_[g].page_bytes;
    }
  }
}

void StateCache::commit(SequenceState& state, std::span<const TokenId> prompt, int end, bool snapshot) {
  state.position = end;
  keep_prompt_pages(state, prompt, end);
  if (snapshot && snapshot_bytes_ > 0) keep_snapshot(state);
  release_behind_windows(state);
}

// Where the tree already has a page (another sequence computed the same prompt meanwhile), this sequence's
// copy goes: by the numeric contract both hold the same bits.
void StateCache::keep_prompt_pages(SequenceState& state, std::span<const TokenId> prompt, int end) {
  int full = std::min(end, static_cast<int>(prompt.size())) / kPageTokens;
  if (state.node->depth >= full) return;
  std::vector<std::byte*> pages(groups_.size());
  while (state.node->depth < full) {
    auto p = static_cast<size_t>(state.node->depth);
    for (size_t g = 0; g < groups_.size(); g++) pages[g] = state.pages[g][p];
    PrefixTree::Node* node = tree_->insert(state.node, prompt.subspan(p * kPageTokens, kPageTokens), pages);
    for (size_t g = 0; g < groups_.size(); g++) {
      if (node->pages[g] == pages[g]) continue;
      pools_[g].hold(node->pages[g]);
      pools_[g].release(pages[g]);
      state.pages[g][p] = node->pages[g];
    }
    tree_->pin(node);
    tree_->unpin(state.node);
    state.node = node;
  }
  tree_->touch(state.node);
}

void StateCache::keep_snapshot(SequenceState& state) {
  CHECK(state.node->depth * kPageTokens == state.position);
  if (state.node->snapshot != nullptr) return;
  if (promised_ + full_held_bytes() + snapshot_bytes_ > budget_) return;  // no room for anything idle
  std::byte* copy = allocate(snapshots());
  std::memcpy(copy, state.snapshot, snapshot_bytes_);
  tree_->set_snapshot(state.node, copy);
  snapshots().release(copy);
}

void StateCache::release_behind_windows(SequenceState& state) {
  for (size_t g = 0; g < groups_.size(); g++) {
    auto& table = state.pages[g];
    auto first = static_cast<size_t>(first_visible_page(groups_[g].window, state.position));
    for (size_t p = std::min(first, table.size()); p-- > 0 && table[p] != nullptr; table[p] = nullptr) {
      pools_[g].release(table[p]);
    }
  }
}

void StateCache::release(SequenceState& state) {
  for (size_t g = 0; g < groups_.size(); g++) {
    for (std::byte* page : state.pages[g]) {
      if (page != nullptr) pools_[g].release(page);
    }
  }
  if (state.snapshot != nullptr) snapshots().release(state.snapshot);
  tree_->touch(state.node);
  tree_->unpin(state.node);
  promised_ -= state.promised;
  state = {};
}

std::byte* StateCache::allocate(PagePool& pool) {
  size_t used = held_bytes() + idle_bytes(), bytes = pool.page_bytes();
  if (used + bytes > budget_) {
    size_t freed = tree_->evict(std::max(bytes, budget_ / kEvictionShare));
    CHECK(used + bytes - freed <= budget_);
  }
  commit_memory(pool);
  return pool.allocate();
}

// Free pages of one pool keep their memory for reuse; when another pool needs it, it goes back to the system
// first.
void StateCache::commit_memory(PagePool& pool) {
  if (pool.allocates_committed()) return;
  size_t committed = pool.page_bytes();
  for (const PagePool& p : pools_) committed += p.committed() * p.page_bytes();
  for (PagePool& p : pools_) {
    if (committed <= budget_) return;
    committed -= p.trim((committed - budget_ + p.page_bytes() - 1) / p.page_bytes()) * p.page_bytes();
  }
}

void StateCache::spend(SequenceState& state, size_t bytes) {
  CHECK(state.promised >= bytes);
  state.promised -= bytes;
  promised_ -= bytes;
}

size_t StateCache::held_bytes() const {
  size_t bytes = 0;
  for (const PagePool& pool : pools_) bytes += pool.held() * pool.page_bytes();
  return bytes;
}

size_t StateCache::idle_bytes() const {
  size_t bytes = 0;
  for (const PagePool& pool : pools_) bytes += pool.idle() * pool.page_bytes();
  return bytes;
}

size_t StateCache::full_held_bytes() const {
  size_t bytes = 0;
  for (size_t g = 0; g < groups_.size(); g++) {
    if (groups_[g].window == 0) bytes += pools_[g].held() * groups_[g].page_bytes;
  }
  return bytes;
}

}  // namespace understudy
