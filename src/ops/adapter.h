// Adapter: low-rank pairs beside a model's linear layers, y += scale (x A) B. What LoRA trains, and what a
// sequence may bring to a model that is being served.
//
// Values lie in one piece, pair after pair, A (K, R) before B (R, N), both row-major; R is the rank rounded
// up to whole vectors, and what lies beyond the rank is zero. Plain data: whoever changes it makes sure that
// no step reads it at the same time.
// Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"
#pragma once

#include <cstddef>
#include <vector>

namespace understudy {

struct AdapterPair {
  int inputs = 0, outputs = 0;  // K, N
  int rank = 0;                 // r; 0: the layer has no pair
  float scale = 0;
  size_t a = 0, b = 0;  // where A and B begin in Adapter::values

  int padded_rank() const { return (rank + 15) / 16 * 16; }  // R
  size_t a_size() const { return static_cast<size_t>(inputs) * static_cast<size_t>(padded_rank()); }
  size_t b_size() const { return static_cast<size_t>(outputs) * static_cast<size_t>(padded_rank()); }
};

struct Adapter {
  std::vector<AdapterPair> pairs;  // by Linear::id
  std::vector<float> values;

  // Appends a pair of zeros for the layer `id`, which has none yet.
  void add_pair(int id, int inputs, int outputs, int rank, float scale) {
    if (pairs.size() <= static_cast<size_t>(id)) pairs.resize(static_cast<size_t>(id) + 1);
    AdapterPair pair{inputs, outputs, rank, scale, values.size(), 0};
    pair.b = pair.a + pair.a_size();
    values.resize(pair.b + pair.b_size());
    pairs[static_cast<size_t>(id)] = pair;
  }
  // nullptr: the layer has none.
  const AdapterPair* pair(int id) const {
    if (id < 0 || static_cast<size_t>(id) >= pairs.size()) return nullptr;
    const AdapterPair& found = pairs[static_cast<size_t>(id)];
    return found.rank > 0 ? &found : nullptr;
  }
};

// Rows [begin, end) of a step that an adapter applies to.
struct AdapterRows {
  int begin = 0, end = 0;
  const Adapter* adapter = nullptr;
};

}  // namespace understudy
