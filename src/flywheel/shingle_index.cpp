#include "flywheel/shingle_index.h"

#include <algorithm>
#include <numeric>

namespace understudy {

ShingleIndex::ShingleIndex(const std::vector<std::vector<uint64_t>>& shingles, size_t least_items,
                           size_t least_shingles)
    : least_items_(least_items),
      least_shingles_(least_shingles),
      shingles_(shingles.size()),
      seeds_(shingles.size()) {
  std::vector<std::pair<uint64_t, uint32_t>> all;
  for (uint32_t item = 0; item < shingles.size(); ++item) {
    for (const uint64_t hash : shingles[item]) all.emplace_back(hash, item);
  }
  std::sort(all.begin(), all.end());
  std::vector<uint64_t> score(shingles.size());
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    if (end - begin < least_items) continue;
    const auto shingle = static_cast<uint32_t>(first_item_.size());
    first_item_.push_back(items_.size());
    for (size_t i = begin; i < end; ++i) {
      const uint32_t item = all[i].second;
      items_.push_back(item);
      shingles_[item].push_back(shingle);
      score[item] += end - begin;
    }
  }
  first_item_.push_back(items_.size());
  std::iota(seeds_.begin(), seeds_.end(), 0U);
  std::stable_sort(seeds_.begin(), seeds_.end(), [&](uint32_t a, uint32_t b) { return score[a] > score[b]; });
}

std::vector<std::vector<uint32_t>> ShingleIndex::groups_of(uint32_t seed,
                                                           const std::vector<bool>& alive) const {
  std::vector<std::pair<size_t, uint32_t>> frequent;  // alive items, shingle
  for (const uint32_t shingle : shingles_[seed]) {
    const auto items = items_of(shingle);
    const auto count = std::count_if(items.begin(), items.end(), [&](uint32_t item) { return alive[item]; });
    if (static_cast<size_t>(count) >= least_items_)
      frequent.emplace_back(static_cast<size_t>(count), shingle);
  }
  std::sort(frequent.begin(), frequent.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  struct Level {
    size_t begin, end;
  };
  std::vector<Level> levels;
  for (size_t begin = 0, end = 0; begin < frequent.size(); begin = end) {
    while (end < frequent.size() && frequent[end].first * 5 >= frequent[begin].first * 4) ++end;
    if (end - begin >= least_shingles_) levels.push_back({begin, end});
  }
  // Those with most text, the broadest first.
  std::stable_sort(levels.begin(), levels.end(),
                   [](const Level& a, const Level& b) { return a.end - a.begin > b.end - b.begin; });
  if (levels.size() > kMaxLevels) levels.resize(kMaxLevels);
  std::sort(levels.begin(), levels.end(), [](const Level& a, const Level& b) { return a.begin < b.begin; });
  std::vector<std::vector<uint32_t>> groups;
  for (const Level& level : levels) {
    std::vector<uint32_t> shared(shingles_.size());
    for (size_t i = level.begin; i < level.end; ++i) {
      for (const uint32_t item : items_of(frequent[i].second)) ++shared[item];
    }
    std::vector<uint32_t> group;
    for (uint32_t item = 0; item < shared.size(); ++item) {
      if (alive[item] && shared[item] * 5 >= (level.end - level.begin) * 3) group.push_back(item);
    }
    if (group.size() >= least_items_) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace understudy
