#include "flywheel/near_duplicates.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "text/normal_form.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace understudy {
namespace {

constexpr size_t kGramBytes = 5;
constexpr size_t kMaxComparedBytes = 16 << 10;
constexpr double kRounding = 1e-9;  // 0.8 has no exact double

// The set of 5-grams, each as its five bytes.
std::vector<uint64_t> grams_of(std::string_view text) {
  text = text.substr(0, kMaxComparedBytes);
  std::vector<uint64_t> grams;
  uint64_t gram = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    gram = ((gram << 8) | static_cast<unsigned char>(text[i])) & 0xFFFFFFFFFFULL;
    if (i + 1 >= kGramBytes) grams.push_back(gram);
  }
  std::sort(grams.begin(), grams.end());
  grams.erase(std::unique(grams.begin(), grams.end()), grams.end());
  return grams;
}

// Sets of grams as ranks, the rarest gram first; sorted.
std::vector<std::vector<uint32_t>> ranked(std::span<const std::string> inputs) {
  std::vector<std::vector<uint64_t>> grams;
  std::unordered_map<uint64_t, uint32_t> count;
  for (const std::string& input : inputs) {
    grams.push_back(grams_of(input));
    for (const uint64_t gram : grams.back()) ++count[gram];
  }
  std::vector<std::pair<uint32_t, uint64_t>> order;
  for (const auto& [gram, inputs_with_it] : count) order.emplace_back(inputs_with_it, gram);
  std::sort(order.begin(), order.end());
  for (uint32_t rank = 0; rank < order.size(); ++rank) count[order[rank].second] = rank;
  std::vector<std::vector<uint32_t>> sets;
  for (const std::vector<uint64_t>& each : grams) {
    std::vector<uint32_t>& set = sets.emplace_back();
    for (const uint64_t gram : each) set.push_back(count[gram]);
    std::sort(set.begin(), set.end());
  }
  return sets;
}

bool alike(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, double jaccard) {
  size_t common = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    common += a[i] == b[j] ? 1 : 0;
    const bool step_a = a[i] <= b[j], step_b = b[j] <= a[i];
    i += step_a ? 1 : 0;
    j += step_b ? 1 : 0;
  }
  return static_cast<double>(common) + kRounding >=
         jaccard * static_cast<double>(a.size() + b.size() - common);
}

}  // namespace

DisjointSets::DisjointSets(size_t size) : parent_(size) {
  std::iota(parent_.begin(), parent_.end(), size_t{0});
}

size_t DisjointSets::find(size_t item) {
  while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
  return item;
}

void DisjointSets::join(size_t a, size_t b) {
  a = find(a), b = find(b);
  parent_[std::max(a, b)] = std::min(a, b);
}

std::string normalised(std::string_view text) {
  const std::string composed = to_nfc(text);
  std::string result;
  bool blank = false;
  for (std::string_view rest = composed; !rest.empty();) {
    const Utf8Char character = first_utf8_char(rest);
    rest.remove_prefix(character.length);
    if (is_space(character.code)) {
      blank = !result.empty();
      continue;
    }
    if (blank) result += ' ';
    blank = false;
    append_lower(result, character.code);
  }
  return result;
}

void join_near_duplicates(std::span<const std::string> inputs, double jaccard, DisjointSets& sets) {
  std::unordered_map<std::string_view, size_t> first;
  std::vector<size_t> distinct;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto [entry, is_new] = first.emplace(inputs[i], i);
    if (is_new) {
      distinct.push_back(i);
    } else {
      sets.join(entry->second, i);
    }
  }
  const std::vector<std::vector<uint32_t>> grams = ranked(inputs);
  std::stable_sort(distinct.begin(), distinct.end(),
                   [&](size_t a, size_t b) { return grams[a].size() < grams[b].size(); });
  std::unordered_map<uint32_t, std::vector<size_t>> with_gram;  // inputs that have it among their rarest
  for (const size_t input : distinct) {
    const std::vector<uint32_t>& own = grams[input];
    const auto size = static_cast<double>(own.size());
    // Two sets this alike share one of so many of the rarest grams of each.
    const size_t prefix =
        own.empty() ? 0 : own.size() - static_cast<size_t>(std::ceil(jaccard * size - kRounding)) + 1;
    for (size_t i = 0; i < prefix; ++i) {
      std::vector<size_t>& others = with_gram[own[i]];
      for (const size_t other : others) {
        if (static_cast<double>(grams[other].size()) + kRounding < jaccard * size) continue;
        if (sets.find(other) == sets.find(input)) continue;
        if (alike(grams[other], own, jaccard)) sets.join(other, input);
      }
      others.push_back(input);
    }
  }
}

}  // namespace understudy
