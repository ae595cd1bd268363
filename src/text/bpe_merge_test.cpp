#include "text/bpe_merge.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace understudy {
namespace {

// A random merge table over the letters a to c, as byte-level BPE has it: tokens by text, priority by rank.
struct Table {
  std::vector<std::string> tokens{"a", "b", "c"};
  std::map<std::pair<TokenId, TokenId>, BpeMerge> merges;

  explicit Table(std::mt19937& rng) {
    while (tokens.size() < 40) {
      const auto left = static_cast<TokenId>(rng() % tokens.size()),
                 right = static_cast<TokenId>(rng() % tokens.size());
      const std::string joined = tokens[left] + tokens[right];
      auto it = std::find(tokens.begin(), tokens.end(), joined);
      if (joined.size() > 12) continue;
      const auto id = static_cast<TokenId>(it - tokens.begin());
      if (it == tokens.end()) tokens.push_back(joined);
      merges.try_emplace({left, right}, BpeMerge{merges.size(), id});
    }
  }

  std::optional<BpeMerge> find(TokenId left, TokenId right) const {
    const auto it = merges.find({left, right});
    return it == merges.end() ? std::nullopt : std::optional(it->second);
  }
};

// The definition: repeatedly the leftmost of the best pairs.
std::vector<TokenId> merge_by_definition(const Table& table, std::vector<TokenId> ids) {
  while (true) {
    std::optional<BpeMerge> best;
    size_t at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = table.find(ids[i], ids[i + 1]);
      if (found && (!best || *found < *best)) best = found, at = i;
    }
    if (!best) return ids;
    ids[at] = best->id;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
}

TEST(BpeMerger, MergesInTheDefinedOrder) {
  std::mt19937 rng(1);
  for (int round = 0; round < 300; ++round) {
    const Table table(rng);
    for (const size_t length : {1, 2, 7, 31, 32, 33, 34, 200}) {  // both sides of the short path's limit
      std::vector<TokenId> letters;
      BpeMerger merger;
      for (size_t i = 0; i < length; ++i) {
        letters.push_back(static_cast<TokenId>(rng() % (1 + round % 3)));
        merger.append(letters.back(), static_cast<uint32_t>(i), 1);
      }
      std::vector<TokenId> ids;
      merger.run([&](const BpeSymbol& l, const BpeSymbol& r) { return table.find(l.id, r.id); }, ids);
      ASSERT_EQ(ids, merge_by_definition(table, letters)) << "round " << round << ", length " << length;
    }
  }
}

}  // namespace
}  // namespace understudy
