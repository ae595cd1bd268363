#include "app/demo/class_index.h"

#include <cmath>

namespace understudy {
namespace {

using Counts = std::map<std::string, double, std::less<>>;

void count_words(std::string_view text, Counts& counts) {
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) ++counts[word];
    word.clear();
  };
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool part_of_word = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (part_of_word) {
      word += static_cast<char>(upper ? c - 'A' + 'a' : c);
    } else {
      end_word();
    }
  }
  end_word();
}

}  // namespace

ClassIndex::ClassIndex(std::span<const std::pair<std::string, std::string>> texts) {
  std::map<std::string, Counts> counts;
  for (const auto& [name, text] : texts) count_words(text, counts[name]);
  for (const auto& [name, words] : counts) {
    for (const auto& [word, count] : words) ++rarity_[word];
  }
  for (auto& [word, classes] : rarity_) classes = std::log((1 + double(counts.size())) / classes);
  for (const auto& [name, words] : counts) classes_[name] = weighted(words);
}

ClassIndex::Vector ClassIndex::weighted(const Counts& counts) const {
  Vector vector;
  double squares = 0;
  for (const auto& [word, count] : counts) {
    const auto rarity = rarity_.find(word);
    if (rarity == rarity_.end()) continue;
    const double weight = (1 + std::log(count)) * rarity->second;
    vector[word] = weight;
    squares += weight * weight;
  }
  for (auto& [word, weight] : vector) weight /= std::sqrt(squares);
  return vector;
}

std::string ClassIndex::best(const Vector& vector, std::string_view except) const {
  std::string best;
  double best_cosine = -1;
  for (const auto& [name, words] : classes_) {
    if (name == except) continue;
    double cosine = 0;
    for (const auto& [word, weight] : vector) {
      const auto found = words.find(word);
      if (found != words.end()) cosine += weight * found->second;
    }
    if (cosine <= best_cosine) continue;
    best = name;
    best_cosine = cosine;
  }
  return best;
}

std::string ClassIndex::nearest_other(std::string_view name) const {
  const auto found = classes_.find(name);
  if (found == classes_.end()) return "";
  const std::string other = best(found->second, name);
  return other.empty() ? std::string(name) : other;
}

std::string ClassIndex::nearest(std::string_view text) const {
  Counts counts;
  count_words(text, counts);
  return best(weighted(counts), "");
}

}  // namespace understudy
