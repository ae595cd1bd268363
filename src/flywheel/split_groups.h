// Dealing out groups to the splits of a dataset.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "flywheel/dataset.h"

namespace understudy {

struct GroupToSplit {
  std::string key;      // names the group, whatever the order of its rows
  std::string value;    // its answer
  int64_t time_ms = 0;  // of its first call
};

// How many groups each split gets, by kAllSplits; they add up.
using SplitSizes = std::array<size_t, 4>;

// The split of each group. By class: answers in turn, each dealt out in proportion, so that every split sees every
// frequent answer; the order inside is that of a hash of seed and key. By time: the oldest to train, then dev,
// benchmark, sealed.
std::vector<Split> split_by_class(std::span<const GroupToSplit> groups, const SplitSizes& sizes,
                                  uint64_t seed);
std::vector<Split> split_by_time(std::span<const GroupToSplit> groups, const SplitSizes& sizes);

}  // namespace understudy
