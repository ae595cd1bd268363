// The merge loop of byte-pair encoding, for both tokenizers: of all adjacent pairs, the one of best priority
// is replaced by its token (ties: the leftmost), until no pair has one. O(n log n). Same order of merges as
// Hugging Face's tokenizers (tokenizers/src/models/bpe/word.rs).
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

// A piece of text in the course of merging. Symbols lie side by side: bytes [begin, begin + length).
struct BpeSymbol {
  TokenId id = -1;
  uint32_t begin = 0, length = 0;  // length 0: merged into its left neighbour
  int32_t previous = -1, next = -1;
};

// What a pair becomes. Lowest first; a value stands for one pair of token texts.
struct BpeMerge {
  uint64_t priority = 0;
  TokenId id = -1;
  auto operator<=>(const BpeMerge&) const = default;
};

// Pairs that may merge, best first. Text that makes many candidates repeats few merges (a million spaces: a
// few dozen), so candidates wait in one bucket per merge and only the buckets form a heap: on long words
// three times as fast as a heap of candidates.
class BpeQueue {
 public:
  struct Candidate {
    int32_t left;
    uint32_t length;  // of the pair, to recognise candidates whose pair has changed since
    auto operator<=>(const Candidate&) const = default;
  };

  void push(const BpeMerge& merge, Candidate candidate) {
    const auto [entry, is_new] = bucket_by_merge_.try_emplace(merge, buckets_.size());
    if (is_new) {
      buckets_.emplace_back();
      best_.push({merge, entry->second});
    }
    buckets_[entry->second].candidates.push_back(candidate);
  }

  // The next candidate and what it becomes, nullopt when there is none.
  std::optional<std::pair<BpeMerge, Candidate>> pop() {
    while (!best_.empty()) {
      const auto [merge, index] = best_.top();
      Bucket& bucket = buckets_[index];
      // Once its first candidate is taken, a bucket gets no more: what arises from that merge is longer than
      // both its parts.
      if (bucket.next == 0) std::sort(bucket.candidates.begin(), bucket.candidates.end());
      if (bucket.next < bucket.candidates.size()) return std::pair(merge, bucket.candidates[bucket.next++]);
      bucket = {};
      bucket_by_merge_.erase(merge);
      best_.pop();
    }
    return std::nullopt;
  }

 private:
  struct Bucket {
    std::vector<Candidate> candidates;
    size_t next = 0;
  };
  struct Hash {
    size_t operator()(const BpeMerge& merge) const {
      return (merge.priority ^ static_cast<uint64_t>(merge.id) << 40) * 0x9E3779B97F4A7C15u >> 20;
    }
  };
  using Entry = std::pair<BpeMerge, size_t>;

  std::unordered_map<BpeMerge, size_t, Hash> bucket_by_merge_;
  std::vector<Bucket> buckets_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> best_;
};

class BpeMerger {
 public:
  void clear() { symbols_.clear(); }

  void append(TokenId id, uint32_t begin, uint32_t length) {
    const auto index = static_cast<int32_t>(symbols_.size());
    if (index > 0) symbols_.back().next = index;
    symbols_.push_back({id, begin, length, index - 1, -1});
  }

  // find(left, right) gives the merge of two adjacent symbols, if they have one. Appends the resulting ids to
  // `ids`.
  template <typename Find>
  void run(Find&& find, std::vector<TokenId>& ids) {
    if (symbols_.size() <= kShort) {
      merge_short(find);
    } else {
      merge_long(find);
    }
    for (const BpeSymbol& symbol : symbols_) {
      if (symbol.length != 0) ids.push_back(symbol.id);
    }
  }

 private:
  // Up to here looking at every pair before every merge is faster than a queue.
  static constexpr size_t kShort = 32;

  template <typename Find>
  std::optional<BpeMerge> merge_at(int32_t left, Find& find) const {
    if (left < 0 || symbols_[left].next < 0) return std::nullopt;
    return find(symbols_[left], symbols_[symbols_[left].next]);
  }

  void merge(int32_t left, TokenId id) {
    BpeSymbol& first = symbols_[left];
    BpeSymbol& second = symbols_[first.next];
    first.id = id;
    first.length += second.length;
    first.next = second.next;
    second.length = 0;
    if (first.next >= 0) symbols_[first.next].previous = left;
  }

  template <typename Find>
  void merge_short(Find& find) {
    std::optional<BpeMerge> merges[kShort];  // by left symbol
    const auto count = static_cast<int32_t>(symbols_.size());
    for (int32_t left = 0; left < count; ++left) merges[left] = merge_at(left, find);
    while (true) {
      int32_t best = -1;
      for (int32_t left = 0; left < count; ++left) {
        if (merges[left] && (best < 0 || *merges[left] < *merges[best])) best = left;
      }
      if (best < 0) return;
      merges[symbols_[best].next] = std::nullopt;
      merge(best, merges[best]->id);
      merges[best] = merge_at(best, find);
      if (const int32_t previous = symbols_[best].previous; previous >= 0)
        merges[previous] = merge_at(previous, find);
    }
  }

  template <typename Find>
  void merge_long(Find& find) {
    BpeQueue queue;
    const auto consider = [&](int32_t left) {
      if (const auto found = merge_at(left, find)) {
        queue.push(*found, {left, symbols_[left].length + symbols_[symbols_[left].next].length});
      }
    };
    const auto count = static_cast<int32_t>(symbols_.size());
    for (int32_t left = 0; left < count; ++left) consider(left);
    while (const auto best = queue.pop()) {
      const auto [left, length] = best->second;
      const BpeSymbol& first = symbols_[left];
      // Symbols only grow, so a pair that still starts here and still has this length is the same pair.
      if (first.length == 0 || first.next < 0 || first.length + symbols_[first.next].length != length)
        continue;
      merge(left, best->first.id);
      consider(left);
      consider(first.previous);
    }
  }

  std::vector<BpeSymbol> symbols_;
};

}  // namespace understudy
