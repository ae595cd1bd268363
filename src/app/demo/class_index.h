// Classes by the words of their texts: which other class is most like one, and which class a text is most like.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy {

class ClassIndex {
 public:
  // Pairs of class and text. A class is the sum of its texts' words, weighted by TF-IDF over classes: G. Salton,
  // C. Buckley, "Term-weighting approaches in automatic text retrieval", Information Processing & Management 24 (1988).
  explicit ClassIndex(std::span<const std::pair<std::string, std::string>> texts);

  // The other class with the largest cosine; the class itself if there is no other, "" if it is not known.
  std::string nearest_other(std::string_view name) const;
  // The class with the largest cosine, the first by name among equals; "" if there is none.
  std::string nearest(std::string_view text) const;

 private:
  using Vector = std::map<std::string, double, std::less<>>;  // of length 1
  Vector weighted(const std::map<std::string, double, std::less<>>& counts) const;
  std::string best(const Vector& vector, std::string_view except) const;

  std::map<std::string, double, std::less<>> rarity_;  // of words
  std::map<std::string, Vector, std::less<>> classes_;
};

}  // namespace understudy
