// Which texts share which frequent shingles: the coarse groups from which skeletons are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace understudy {

class ShingleIndex {
 public:
  // `shingles[i]` are those of item i, sorted and unique. Shingles of fewer than `least_items` items are left out.
  // O(n log n) in their number.
  ShingleIndex(const std::vector<std::vector<uint64_t>>& shingles, size_t least_items, size_t least_shingles);

  // Items in the order in which they are tried as seeds: those that share most with most others first.
  const std::vector<uint32_t>& seeds() const { return seeds_; }

  // Groups of items, among those alive, that share with `seed` what it shares with others: the shingles of the seed,
  // the most frequent first, fall into levels (a level ends where the frequency falls below 4/5 of that at its start);
  // the group of a level are the items with at least 3 of 5 of its shingles. Of the levels with at least
  // `least_shingles` the kMaxLevels with most; broadest first, because what is too broad is divided later and what is
  // too narrow (all calls about one document) is never joined.
  std::vector<std::vector<uint32_t>> groups_of(uint32_t seed, const std::vector<bool>& alive) const;

 private:
  std::span<const uint32_t> items_of(uint32_t shingle) const {
    return std::span(items_).subspan(first_item_[shingle], first_item_[shingle + 1] - first_item_[shingle]);
  }

  static constexpr size_t kMaxLevels = 4;

  size_t least_items_, least_shingles_;
  std::vector<size_t> first_item_;               // by shingle; one more than there are
  std::vector<uint32_t> items_;                  // by shingle, ascending
  std::vector<std::vector<uint32_t>> shingles_;  // by item
  std::vector<uint32_t> seeds_;
};

}  // namespace understudy
