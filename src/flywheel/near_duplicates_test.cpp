#include "flywheel/near_duplicates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace understudy {
namespace {

TEST(NearDuplicates, NormalisesWhatPeopleTypeDifferently) {
  EXPECT_EQ(normalised("  Where\tis \n MY card? "), "where is my card?");
  EXPECT_EQ(normalised("CAF\xC3\x89"), normalised("cafe\xCC\x81"));
  EXPECT_EQ(normalised(""), "");
}

double jaccard(const std::string& a, const std::string& b) {
  std::set<std::string> x, y, both;
  for (size_t i = 0; i + 5 <= a.size(); ++i) x.insert(a.substr(i, 5));
  for (size_t i = 0; i + 5 <= b.size(); ++i) y.insert(b.substr(i, 5));
  std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::inserter(both, both.end()));
  const size_t all = x.size() + y.size() - both.size();
  return all == 0 ? 0 : static_cast<double>(both.size()) / static_cast<double>(all);
}

// The same groups as comparing every pair.
TEST(NearDuplicates, FindsExactlyThePairsThatAreAlike) {
  std::mt19937 random(3);
  std::vector<std::string> inputs;
  for (int i = 0; i < 60; ++i) {
    std::string text;
    for (int j = 0; j < 8 + i % 50; ++j) text += static_cast<char>('a' + random() % 6);
    inputs.push_back(text);
    for (int edit = 0; edit < 3; ++edit) {
      std::string other = text;
      for (int j = 0; j <= edit; ++j) other[random() % other.size()] = static_cast<char>('a' + random() % 6);
      inputs.push_back(other);
    }
  }
  for (const double threshold : {0.5, 0.8, 1.0}) {
    DisjointSets fast(inputs.size()), slow(inputs.size());
    join_near_duplicates(inputs, threshold, fast);
    size_t pairs = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (inputs[i] != inputs[j] && jaccard(inputs[i], inputs[j]) + 1e-9 < threshold) continue;
        slow.join(i, j);
        ++pairs;
      }
    }
    EXPECT_GT(pairs, 5U);
    for (size_t i = 0; i < inputs.size(); ++i) ASSERT_EQ(fast.find(i), slow.find(i)) << threshold << ' ' << i;
  }
}

}  // namespace
}  // namespace understudy
