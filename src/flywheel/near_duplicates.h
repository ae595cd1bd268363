// Which inputs are so alike that they must not be on both sides of a split (P3).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

// Sets of the numbers 0 to size - 1 that grow together (union-find). Any source of "these two are alike" adds to it.
class DisjointSets {
 public:
  explicit DisjointSets(size_t size);
  size_t find(size_t item);  // the smallest item of its set
  void join(size_t a, size_t b);

 private:
  std::vector<size_t> parent_;
};

// `text`, which must be valid UTF-8, without what people type differently: composed (NFC), lower case, runs of white
// space as one space, none at the ends.
std::string normalised(std::string_view text);

// Joins inputs that are equal, and those whose sets of 5-grams of bytes have a Jaccard index of at least `jaccard`
// (0 < jaccard <= 1). Exact, by an inverted index of the rarest grams and a check of each candidate (prefix
// filtering: Bayardo, Ma, Srikant, "Scaling up all pairs similarity search", WWW 2007). Of longer inputs the first
// 16 KiB are compared; inputs shorter than five bytes are only compared for equality. `inputs` are normalised.
void join_near_duplicates(std::span<const std::string> inputs, double jaccard, DisjointSets& sets);

}  // namespace understudy
