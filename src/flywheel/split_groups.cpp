#include "flywheel/split_groups.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "flywheel/tokens.h"

namespace understudy {

std::vector<Split> split_by_class(std::span<const GroupToSplit> groups, const SplitSizes& sizes,
                                  uint64_t seed) {
  std::vector<std::tuple<std::string_view, uint64_t, std::string_view, size_t>> order;
  for (size_t i = 0; i < groups.size(); ++i) {
    const uint64_t hash = hash_bytes(std::to_string(seed) + ':' + groups[i].key);
    order.emplace_back(groups[i].value, hash, groups[i].key, i);
  }
  std::sort(order.begin(), order.end());
  std::vector<Split> splits(groups.size());
  SplitSizes given{};
  for (size_t i = 0; i < order.size(); ++i) {
    // The split that is furthest behind its share of what was dealt out so far.
    size_t next = 0;
    double most_behind = -1e18;
    for (size_t s = 0; s < sizes.size(); ++s) {
      const double share = static_cast<double>(sizes[s]) / static_cast<double>(groups.size());
      const double behind = share * static_cast<double>(i + 1) - static_cast<double>(given[s]);
      if (given[s] >= sizes[s] || behind <= most_behind) continue;
      most_behind = behind;
      next = s;
    }
    ++given[next];
    splits[std::get<3>(order[i])] = kAllSplits[next];
  }
  return splits;
}

std::vector<Split> split_by_time(std::span<const GroupToSplit> groups, const SplitSizes& sizes) {
  std::vector<size_t> order(groups.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tie(groups[a].time_ms, groups[a].key) < std::tie(groups[b].time_ms, groups[b].key);
  });
  std::vector<Split> splits(groups.size());
  size_t next = 0;
  for (size_t s = 0; s < sizes.size(); ++s) {
    for (size_t i = 0; i < sizes[s] && next < order.size(); ++i) splits[order[next++]] = kAllSplits[s];
  }
  return splits;
}

}  // namespace understudy
