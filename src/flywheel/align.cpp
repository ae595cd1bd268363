#include "flywheel/align.h"

#include <algorithm>
#include <unordered_map>

#include "flywheel/limits.h"

namespace understudy {
namespace {

struct Range {
  size_t a, a_end, b, b_end;
};

// Tokens that occur once in each range, by their order in a: pairs of indexes.
std::vector<std::pair<size_t, size_t>> unique_pairs(std::span<const Token> a, std::span<const Token> b,
                                                    const Range& range) {
  struct Count {
    uint32_t in_a = 0, in_b = 0;
    size_t at_b = 0;
  };
  std::unordered_map<uint64_t, Count> counts;
  for (size_t i = range.a; i < range.a_end; ++i) ++counts[a[i].hash].in_a;
  for (size_t j = range.b; j < range.b_end; ++j) {
    if (const auto found = counts.find(b[j].hash); found != counts.end()) {
      ++found->second.in_b;
      found->second.at_b = j;
    }
  }
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = range.a; i < range.a_end; ++i) {
    const Count& count = counts[a[i].hash];
    if (count.in_a == 1 && count.in_b == 1) pairs.emplace_back(i, count.at_b);
  }
  return pairs;
}

// The longest run of pairs whose second indexes increase (patience sorting).
std::vector<std::pair<size_t, size_t>> increasing(const std::vector<std::pair<size_t, size_t>>& pairs) {
  std::vector<size_t> tops;  // index of the pair on top of each pile
  std::vector<int64_t> before(pairs.size(), -1);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto pile = std::lower_bound(tops.begin(), tops.end(), pairs[i].second,
                                       [&](size_t top, size_t value) { return pairs[top].second < value; });
    if (pile != tops.begin()) before[i] = static_cast<int64_t>(*(pile - 1));
    if (pile == tops.end()) {
      tops.push_back(i);
    } else {
      *pile = i;
    }
  }
  std::vector<std::pair<size_t, size_t>> run;
  for (int64_t i = tops.empty() ? -1 : static_cast<int64_t>(tops.back()); i >= 0;
       i = before[static_cast<size_t>(i)]) {
    run.push_back(pairs[static_cast<size_t>(i)]);
  }
  std::reverse(run.begin(), run.end());
  return run;
}

void common_subsequence(std::span<const Token> a, std::span<const Token> b, const Range& range,
                        std::vector<int32_t>& to_b) {
  const size_t rows = range.a_end - range.a, columns = range.b_end - range.b;
  std::vector<uint16_t> length((rows + 1) * (columns + 1), 0);  // of what is left from (i, j) on
  const auto at = [&](size_t i, size_t j) -> uint16_t& { return length[i * (columns + 1) + j]; };
  for (size_t i = rows; i-- > 0;) {
    for (size_t j = columns; j-- > 0;) {
      at(i, j) = a[range.a + i] == b[range.b + j] ? static_cast<uint16_t>(at(i + 1, j + 1) + 1)
                                                  : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (size_t i = 0, j = 0; i < rows && j < columns;) {
    if (a[range.a + i] == b[range.b + j]) {
      to_b[range.a + i] = static_cast<int32_t>(range.b + j);
      ++i, ++j;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      ++i;
    } else {
      ++j;
    }
  }
}

// Aligns the equal ends of the range and takes them off.
void trim(std::span<const Token> a, std::span<const Token> b, Range& range, std::vector<int32_t>& to_b) {
  while (range.a < range.a_end && range.b < range.b_end && a[range.a] == b[range.b]) {
    to_b[range.a++] = static_cast<int32_t>(range.b++);
  }
  while (range.a < range.a_end && range.b < range.b_end && a[range.a_end - 1] == b[range.b_end - 1]) {
    to_b[--range.a_end] = static_cast<int32_t>(--range.b_end);
  }
}

}  // namespace

std::vector<int32_t> align(std::span<const Token> a, std::span<const Token> b) {
  std::vector<int32_t> to_b(a.size(), -1);
  std::vector<Range> open = {{0, a.size(), 0, b.size()}};
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    trim(a, b, range, to_b);
    const size_t rows = range.a_end - range.a, columns = range.b_end - range.b;
    if (rows == 0 || columns == 0 || rows > kMaxAlignedTokens || columns > kMaxAlignedTokens) continue;
    if (rows * columns <= kMaxLcsCells) {
      common_subsequence(a, b, range, to_b);
      continue;
    }
    const auto run = increasing(unique_pairs(a, b, range));
    if (run.empty()) continue;
    size_t from_a = range.a, from_b = range.b;
    for (const auto& [i, j] : run) {
      to_b[i] = static_cast<int32_t>(j);
      open.push_back({from_a, i, from_b, j});
      from_a = i + 1;
      from_b = j + 1;
    }
    open.push_back({from_a, range.a_end, from_b, range.b_end});
  }
  return to_b;
}

}  // namespace understudy
