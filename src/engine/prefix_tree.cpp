#include "engine/prefix_tree.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

namespace {

// Finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

size_t PrefixTree::ChildHash::operator()(const ChildKey& key) const {
  uint64_t hash = mix(reinterpret_cast<uintptr_t>(key.parent));
  for (TokenId token : key.tokens) hash = mix(hash + static_cast<uint32_t>(token) + 0x9E3779B97F4A7C15);
  return hash;
}

PrefixTree::PrefixTree(std::span<const PageGroup> groups, std::span<PagePool> pools, bool snapshots)
    : pools_(pools), snapshots_(snapshots ? &pools[groups.size()] : nullptr) {
  for (const PageGroup& group : groups) windows_.push_back(group.window);
}

PrefixTree::Node* PrefixTree::pin_root(const std::string& key) {
  auto it = roots_.try_emplace(key).first;
  it->second.key = &it->first;
  pin(&it->second);
  return &it->second;
}

void PrefixTree::unpin(Node* node) {
  CHECK(node->pins > 0);
  node->pins--;
  if (node->parent == nullptr) remove_root_if_unused(node);
}

PrefixTree::Node* PrefixTree::child(Node* node, std::span<const TokenId> tokens) {
  ChildKey key{node, {}};
  std::copy_n(tokens.begin(), kPageTokens, key.tokens.begin());
  auto it = nodes_.find(key);
  return it == nodes_.end() ? nullptr : &it->second;
}

PrefixTree::Node* PrefixTree::match(Node* root, std::span<const TokenId> prompt) {
  int limit = (static_cast<int>(prompt.size()) - 1) / kPageTokens;
  std::vector<int> present(windows_.size(), 0);  // consecutive pages present, up to the node
  Node *node = root, *best = root;
  for (int depth = 1; depth <= limit; depth++) {
    node = child(node, prompt.subspan(static_cast<size_t>(depth - 1) * kPageTokens, kPageTokens));
    if (node == nullptr) break;
    bool usable = snapshots_ == nullptr || node->snapshot != nullptr;
    for (size_t g = 0; g < windows_.size(); g++) {
      present[g] = node->pages[g] != nullptr ? present[g] + 1 : 0;
      usable &= present[g] >= depth - first_visible_page(windows_[g], depth * kPageTokens);
    }
    if (usable) best = node;
  }
  touch(best);
  return best;
}

PrefixTree::Node* PrefixTree::insert(Node* node, std::span<const TokenId> tokens,
                                     std::span<std::byte* const> pages) {
  ChildKey key{node, {}};
  std::copy_n(tokens.begin(), kPageTokens, key.tokens.begin());
  auto [it, inserted] = nodes_.try_emplace(key);
  Node* found = &it->second;
  if (inserted) {
    found->parent = node;
    found->tokens = &it->first.tokens;
    found->depth = node->depth + 1;
    found->pages.resize(windows_.size());
    recency_.push_front(found);
    found->recency = recency_.begin();
    node->children++;
  }
  for (size_t g = 0; g < windows_.size(); g++) {
    if (found->pages[g] != nullptr) continue;
    pools_[g].keep(pages[g]);
    found->pages[g] = pages[g];
  }
  return found;
}

void PrefixTree::set_snapshot(Node* node, std::byte* snapshot) {
  CHECK(node->snapshot == nullptr);
  snapshots_->keep(snapshot);
  node->snapshot = snapshot;
}

void PrefixTree::touch(Node* node) {
  for (; node->parent != nullptr; node = node->parent) {
    recency_.splice(recency_.begin(), recency_, node->recency);
  }
}

size_t PrefixTree::evict(size_t bytes) {
  size_t freed = evict_behind_windows(bytes);
  if (freed < bytes) freed += evict_leaves(bytes - freed);
  if (freed < bytes) freed += evict_from_paths(bytes - freed);
  return freed;
}

size_t PrefixTree::drop_idle_page(Node* node, size_t group) {
  std::byte*& page = node->pages[group];
  if (page == nullptr || pools_[group].is_held(page)) return 0;
  pools_[group].drop(page);
  page = nullptr;
  return pools_[group].page_bytes();
}

size_t PrefixTree::drop_idle_snapshot(Node* node) {
  if (node->snapshot == nullptr || snapshots_->is_held(node->snapshot)) return 0;
  snapshots_->drop(node->snapshot);
  node->snapshot = nullptr;
  return snapshots_->page_bytes();
}

// `end` is a leaf or a branch. Above it, up to the next branch, only the pages in its windows are of use to a
// match that ends at `end` or below.
size_t PrefixTree::drop_behind_windows(Node* end, size_t bytes) {
  size_t freed = 0;
  for (Node* node = end->parent; node->parent != nullptr && node->children == 1 && freed < bytes;
       node = node->parent) {
    for (size_t g = 0; g < windows_.size(); g++) {
      if (node->depth <= first_visible_page(windows_[g], end->depth * kPageTokens))
        freed += drop_idle_page(node, g);
    }
  }
  return freed;
}

size_t PrefixTree::evict_behind_windows(size_t bytes) {
  size_t freed = 0;
  if (std::all_of(windows_.begin(), windows_.end(), [](int window) { return window == 0; })) return freed;
  for (auto it = recency_.rbegin(); it != recency_.rend() && freed < bytes; ++it) {
    if ((*it)->children != 1) freed += drop_behind_windows(*it, bytes - freed);
  }
  return freed;
}

size_t PrefixTree::evict_leaves(size_t bytes) {
  size_t freed = 0;
  for (bool removed = true; removed && freed < bytes;) {  // removing the children of a node makes it a leaf
    removed = false;
    for (auto it = recency_.end(); it != recency_.begin() && freed < bytes;) {
      Node* node = *--it;
      if (node->children > 0 || node->pins > 0) continue;
      for (size_t g = 0; g < windows_.size(); g++) freed += drop_idle_page(node, g);
      freed += drop_idle_snapshot(node);
      ++it;  // stays valid when the node goes
      remove_leaf(node);
      removed = true;
    }
  }
  return freed;
}

size_t PrefixTree::evict_from_paths(size_t bytes) {
  size_t freed = 0;
  for (auto it = recency_.rbegin(); it != recency_.rend() && freed < bytes; ++it) {
    for (size_t g = 0; g < windows_.size(); g++) {
      if (windows_[g] != 0) freed += drop_idle_page(*it, g);
    }
    freed += drop_idle_snapshot(*it);
  }
  return freed;
}

void PrefixTree::remove_leaf(Node* leaf) {
  // Whoever holds a page of a node has pinned it or a descendant.
  CHECK(leaf->snapshot == nullptr &&
        std::count(leaf->pages.begin(), leaf->pages.end(), nullptr) == std::ssize(windows_));
  Node* parent = leaf->parent;
  recency_.erase(leaf->recency);
  nodes_.erase(ChildKey{parent, *leaf->tokens});
  parent->children--;
  if (parent->parent == nullptr) remove_root_if_unused(parent);
}

void PrefixTree::remove_root_if_unused(Node* root) {
  if (root->pins == 0 && root->children == 0) roots_.erase(std::string(*root->key));
}

}  // namespace understudy
