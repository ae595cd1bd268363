// PrefixTree: the state of prompt prefixes, for reuse by later prompts that begin alike. A node is one page
// of prompt tokens below its parent; it keeps that page's state in every group, and optionally the snapshot
// state at its end. Window groups may miss pages: a match needs only those its next row can see. Real tokens
// are compared, never hashes alone. Pages are kept in the pools and never written again. Not thread-safe;
// owned by the engine's thread.
#pragma once

#include <array>
#include <list>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "blocks/batch.h"
#include "engine/page_pool.h"
#include "text/tokenizer.h"

namespace understudy {

// The first page that a row at `position` can see in a group of this window (0: all pages).
inline int first_visible_page(int window, int position) {
  return window == 0 || position < window ? 0 : (position - window + 1) / kPageTokens;
}

class PrefixTree {
 public:
  using PageKey = std::array<TokenId, kPageTokens>;

  struct Node {
    Node* parent = nullptr;  // nullptr: a root, which has no pages
    const PageKey* tokens = nullptr;
    const std::string* key = nullptr;  // of a root
    int depth = 0;                     // pages from the root; the node ends at position depth * kPageTokens
    int children = 0, pins = 0;
    std::vector<std::byte*> pages;  // by group; nullptr: absent (window groups only)
    std::byte* snapshot = nullptr;  // nullptr: none
    std::list<Node*>::iterator recency;
  };

  // pools[g] holds the pages of groups[g]; after them, if `snapshots`, one pool of snapshots. Both outlive
  // the tree.
  PrefixTree(std::span<const PageGroup> groups, std::span<PagePool> pools, bool snapshots);
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // The root of everything computed under `key`, pinned. A root lives while it has pins or children.
  Node* pin_root(const std::string& key);
  // A pinned node and its ancestors stay; their window pages and snapshots may go.
  void pin(Node* node) { node->pins++; }
  void unpin(Node* node);

  // The end of the longest prefix from which `prompt` can go on; at least one token is left to compute.
  // `root` if none.
  Node* match(Node* root, std::span<const TokenId> prompt);
  // The child of `node` for these kPageTokens tokens; nullptr if there is none.
  Node* child(Node* node, std::span<const TokenId> tokens);
  // That child, made if necessary. Pages that it lacks are taken from `pages` (by group, all present) and
  // kept.
  Node* insert(Node* node, std::span<const TokenId> tokens, std::span<std::byte* const> pages);
  void set_snapshot(Node* node, std::byte* snapshot);
  // Marks the path to `node` as just used.
  void touch(Node* node);

  // Gives up idle pages until `bytes` are free or none is left; the bytes freed. In order: window pages that
  // no match at a leaf or branch can need, unpinned leaves, then window pages and snapshots of pinned paths;
  // each the least recently used first.
  size_t evict(size_t bytes);

 private:
  struct ChildKey {
    const Node* parent;
    PageKey tokens;
    bool operator==(const ChildKey&) const = default;
  };
  struct ChildHash {
    size_t operator()(const ChildKey& key) const;
  };

  size_t drop_idle_page(Node* node, size_t group);
  size_t drop_idle_snapshot(Node* node);
  size_t drop_behind_windows(Node* end, size_t bytes);
  size_t evict_behind_windows(size_t bytes);
  size_t evict_leaves(size_t bytes);
  size_t evict_from_paths(size_t bytes);
  void remove_leaf(Node* leaf);
  void remove_root_if_unused(Node* root);

  std::vector<int> windows_;  // by group
  std::span<PagePool> pools_;
  PagePool* snapshots_;  // nullptr: the network has none
  std::unordered_map<std::string, Node> roots_;
  std::unordered_map<ChildKey, Node, ChildHash> nodes_;  // addresses of nodes are stable
  std::list<Node*> recency_;  // most recently used first; a parent before its children
};

}  // namespace understudy
